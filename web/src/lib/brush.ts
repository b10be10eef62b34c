// A part of an axis that a line must cross to stay. Brushes hold values and not positions, so that they mean the same
// when the axis grows under new runs, and can be written into an address.

import { formatValue } from './format';
import { asNumber, parseLoose } from './json';
import { position, valueAt, type Axis } from './parallel';

export type Brush = { low: number; high: number } | { labels: string[] };
export type Brushes = Record<string, Brush>;

/** The brush between two positions of an axis. One that reaches an end of the axis is open there: what comes later beyond it stays. */
export function brushBetween(axis: Axis, from: number, to: number): Brush {
  const [low, high] = from <= to ? [from, to] : [to, from];
  if (axis.kind === 'category') {
    const near = axis.categories.length > 1 ? 0.5 / (axis.categories.length - 1) : 1;
    const middle = (low + high) / 2;
    const within = axis.categories.filter((label) => { const at = position(axis, label); return at >= low && at <= high; });
    // A drag between two categories means the nearer one.
    const labels = within.length > 0 ? within : axis.categories.filter((label) => Math.abs(position(axis, label) - middle) <= near).slice(0, 1);
    return { labels };
  }
  return { low: low <= 0 ? -Infinity : tidy(valueAt(axis, low)), high: high >= 1 ? Infinity : tidy(valueAt(axis, high)) };
}

function tidy(value: number): number {
  return Number(value.toPrecision(5));
}

/** Where a brush stands on its axis, low and high; null if it leaves no mark there. */
export function brushSpan(axis: Axis, brush: Brush): [number, number] | null {
  if ('labels' in brush) {
    const places = brush.labels.filter((label) => axis.categories.includes(label)).map((label) => position(axis, label));
    if (places.length === 0) return null;
    const room = axis.categories.length > 1 ? Math.min(0.03, 0.3 / (axis.categories.length - 1)) : 0.03;
    return [Math.max(0, Math.min(...places) - room), Math.min(1, Math.max(...places) + room)];
  }
  return [position(axis, Math.max(brush.low, axis.min)), position(axis, Math.min(brush.high, axis.max))];
}

/** True if a value lies within the brush. What is missing, and NaN, never does. */
export function keeps(brush: Brush, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if ('labels' in brush) return brush.labels.includes(formatValue(value));
  const number = asNumber(value);
  if (number === null || Number.isNaN(number)) return false;
  return number >= brush.low && number <= brush.high;
}

export function keepsAll(brushes: Brushes, valueOf: (key: string) => unknown): boolean {
  for (const key in brushes) if (!keeps(brushes[key]!, valueOf(key))) return false;
  return true;
}

/** A brush in an address: `0.01..0.1`, `..0.5`, `["adam","sgd"]`. */
export function brushText(brush: Brush): string {
  if ('labels' in brush) return JSON.stringify(brush.labels);
  const end = (value: number) => (Number.isFinite(value) ? String(value) : '');
  return `${end(brush.low)}..${end(brush.high)}`;
}

/** The brush that a text of an address stands for, or null. */
export function parseBrush(text: string): Brush | null {
  if (text.startsWith('[')) {
    const labels = parseLoose(text);
    return Array.isArray(labels) && labels.every((label) => typeof label === 'string') ? { labels } : null;
  }
  const match = /^(.*)\.\.(.*)$/.exec(text);
  if (!match) return null;
  const low = match[1] === '' ? -Infinity : Number(match[1]);
  const high = match[2] === '' ? Infinity : Number(match[2]);
  return Number.isNaN(low) || Number.isNaN(high) || (low === -Infinity && high === Infinity) ? null : { low, high };
}

const kPrefix = 'keep.';

export function brushesOf(query: URLSearchParams): Brushes {
  const found: Brushes = {};
  for (const [name, text] of query) {
    const brush = name.startsWith(kPrefix) ? parseBrush(text) : null;
    if (brush) found[name.slice(kPrefix.length)] = brush;
  }
  return found;
}

/** The changes of a query string that leave exactly these brushes in it. */
export function brushQuery(query: URLSearchParams, brushes: Brushes): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const name of query.keys()) if (name.startsWith(kPrefix)) changes[name] = null;
  for (const [key, brush] of Object.entries(brushes)) changes[kPrefix + key] = brushText(brush);
  return changes;
}
