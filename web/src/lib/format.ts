// How numbers, times and sizes are written everywhere on the page.

import { asNumber, isObject } from './json';

/** A number in at most six significant digits, without digits that say nothing. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return groupDigits(value);
  if (size >= 1e7 || size < 1e-4) return tidyExponent(value.toExponential(3));
  return formatExactly(Number(value.toPrecision(size >= 1e5 ? 7 : 5)));
}

function formatExactly(value: number): string {
  const [whole = '', part] = String(Math.abs(value)).split('.');
  return (value < 0 ? '−' : '') + groupDigits(Number(whole)) + (part === undefined ? '' : '.' + part);
}

export function groupDigits(value: number): string {
  const digits = String(Math.abs(value));
  // Four digits read well as they are, and a year or a step number must not become 2,026.
  const grouped = digits.length > 4 ? digits.replace(/\B(?=(\d{3})+$)/g, ',') : digits;
  return (value < 0 ? '−' : '') + grouped;
}

function tidyExponent(text: string): string {
  const [mantissa = '', exponent = ''] = text.split('e');
  return minus(`${Number(mantissa)}e${Number(exponent)}`);
}

export function minus(text: string): string {
  return text.startsWith('-') ? '−' + text.slice(1) : text;
}

/** Any logged or configured value in one line. */
export function formatValue(value: unknown): string {
  if (value === undefined) return '';
  if (value === null) return 'null';
  const number = asNumber(value);
  if (number !== null) return formatNumber(number);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (isObject(value) && typeof value['_type'] === 'string') return `⟨${value['_type']}⟩`;
  return JSON.stringify(value);
}

/** Seconds as "41 s", "3 m 05 s", "2 h 07 m", "4 d 3 h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '';
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

/** The server's times are UTC; one without a zone is meant so. NaN if there is none. */
export function parseTime(text: string | null | undefined): number {
  if (!text) return NaN;
  const zoned = /[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : text + 'Z';
  return Date.parse(zoned);
}

/** "just now", "5 min ago", "3 h ago", "2 d ago", then the date. */
export function formatAgo(time_ms: number, now_ms: number): string {
  if (!Number.isFinite(time_ms)) return '';
  const seconds = (now_ms - time_ms) / 1000;
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 14 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  return formatDate(time_ms).slice(0, 10);
}

/** Local date and time, for titles and details. */
export function formatDate(time_ms: number): string {
  if (!Number.isFinite(time_ms)) return '';
  const d = new Date(time_ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** Bytes in powers of 1024, three digits. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${units[unit]}`;
}

export function plural(count: number, one: string, many = one + 's'): string {
  return `${groupDigits(count)} ${count === 1 ? one : many}`;
}

/** A sentence begins with a capital letter and ends with a full stop; the server's reasons are sometimes only its inside. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return trimmed[0]!.toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? '' : '.');
}
