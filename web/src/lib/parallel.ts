// Parallel coordinates: where a value stands on its axis, and which results the colours span.
// Positions are fractions of the axis, 0 at the bottom and 1 at the top.

import { compareValues } from './columns';
import { formatNumber, formatValue } from './format';
import { asNumber } from './json';
import type { Scale } from './sweep-config';

export type AxisKind = 'linear' | 'log' | 'category';

export interface Axis {
  key: string;
  label: string;
  kind: AxisKind;
  /** Domain of a numeric axis. */
  min: number;
  max: number;
  /** Values of a category axis, from bottom to top. */
  categories: string[];
}

/** Lines that lack a value on an axis cross it here, below its end. */
export const kMissing = -0.06;

/** An axis for the values of one key: numbers on a scale, else categories. If it is not said which scale, numbers that span three decades stand on a logarithmic one. */
export function makeAxis(key: string, label: string, values: unknown[], scale?: Scale): Axis {
  const present = values.filter((value) => value !== undefined && value !== null);
  const numbers = present.map(asNumber).filter((n): n is number => n !== null && Number.isFinite(n));
  const isNumeric = numbers.length > 0 && present.every((value) => asNumber(value) !== null);
  if (!isNumeric) {
    const categories = [...new Set(present.map(formatValue))].sort((a, b) => compareValues(a, b, false));
    return { key, label, kind: 'category', min: 0, max: 0, categories };
  }
  let min = Infinity;
  let max = -Infinity;
  for (const n of numbers) {
    if (n < min) min = n;
    if (n > max) max = n;
  }
  const kind: AxisKind = min > 0 && max > min && (scale === 'log' || (scale !== 'linear' && max / min >= 1000)) ? 'log' : 'linear';
  return { key, label, kind, min, max, categories: [] };
}

export function position(axis: Axis, value: unknown): number {
  if (axis.kind === 'category') {
    const index = axis.categories.indexOf(formatValue(value));
    if (index < 0) return kMissing;
    return axis.categories.length === 1 ? 0.5 : index / (axis.categories.length - 1);
  }
  const number = asNumber(value);
  if (number === null || Number.isNaN(number)) return kMissing;
  if (axis.max === axis.min) return 0.5;
  const scaled =
    axis.kind === 'log'
      ? (Math.log(Math.max(number, axis.min)) - Math.log(axis.min)) / (Math.log(axis.max) - Math.log(axis.min))
      : (number - axis.min) / (axis.max - axis.min);
  return Math.min(1, Math.max(0, scaled));
}

/** The value at a position of a numeric axis. */
export function valueAt(axis: Axis, at: number): number {
  const t = Math.min(1, Math.max(0, at));
  if (axis.kind === 'log') return Math.exp(Math.log(axis.min) + t * (Math.log(axis.max) - Math.log(axis.min)));
  return axis.min + t * (axis.max - axis.min);
}

export interface Tick {
  at: number;
  label: string;
}

export function ticks(axis: Axis): Tick[] {
  if (axis.kind === 'category') {
    const all = axis.categories.map((label) => ({ at: position(axis, label), label }));
    const every = Math.ceil(all.length / 12);
    return all.filter((_, i) => i % every === 0);
  }
  if (axis.min === axis.max) return [{ at: 0.5, label: formatNumber(axis.min) }];
  const marks = axis.kind === 'log' ? decades(axis) : roundSteps(axis.min, axis.max);
  const inner = marks.map((value) => ({ at: position(axis, value), label: formatNumber(value) }));
  // The ends are always told, since they are what was tried; marks too close to them give way.
  return [
    { at: 0, label: formatNumber(tidy(axis.min)) },
    ...inner.filter((tick) => tick.at > 0.08 && tick.at < 0.92),
    { at: 1, label: formatNumber(tidy(axis.max)) },
  ];
}

function tidy(value: number): number {
  return Number(value.toPrecision(4));
}

const kDecadesMax = 8;

/** Powers of ten within the axis; over many decades every n-th, so that their labels stand apart. */
function decades(axis: Axis): number[] {
  const first = Math.ceil(Math.log10(axis.min));
  const last = Math.floor(Math.log10(axis.max));
  const every = Math.max(1, Math.ceil((last - first + 1) / kDecadesMax));
  const marks: number[] = [];
  for (let e = Math.ceil(first / every) * every; e <= last; e += every) marks.push(Number(`1e${e}`));
  return marks;
}

/** Names for places of `most` letters. Those that look alike without their middle show where they differ instead. */
export function cutNames(names: string[], most: number): string[] {
  const short = names.map((name) => cutMiddle(name, most));
  return names.map((name, i) => {
    const alike = names.filter((other, n) => short[n] === short[i] && other !== name);
    if (alike.length === 0) return short[i]!;
    const common = (from: (name: string, at: number) => string | undefined) => {
      let count = 0;
      while (count < name.length && alike.every((other) => from(other, count) === from(name, count))) count += 1;
      return count;
    };
    const before = common((text, at) => text[at]);
    const end = Math.max(before + 1, name.length - common((text, at) => text[text.length - 1 - at]));
    // As much of what stands before the difference as after it.
    const first = Math.max(0, Math.min(name.length - most, Math.floor((before + end - most) / 2)));
    const part = name.slice(first, first + most);
    return (first > 0 ? '…' + part.slice(1) : part).replace(/.$/, (last) => (first + most < name.length ? '…' : last));
  });
}

/** A name that is too long for its place without its middle: names often differ only at their ends. */
export function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return text.slice(0, most - 1 - tail) + '…' + text.slice(text.length - tail);
}

function roundSteps(min: number, max: number): number[] {
  const rough = (max - min) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const marks: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i += 1) marks.push(Number((i * step).toPrecision(12)));
  return marks;
}

/**
 * The domain that colours span: all finite values, but a tail far outside (a diverged run) is cut at three times
 * the range of the better 90 %, so that one bad run does not make all others look alike.
 */
export function colorDomain(values: number[], maximize: boolean): [number, number] | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => (maximize ? b - a : a - b));
  if (sorted.length === 0) return null;
  const best = sorted[0]!;
  const worst = sorted.at(-1)!;
  const ninth = sorted[Math.floor((sorted.length - 1) * 0.9)]!;
  const limit = best + (ninth - best) * 3;
  const cut = maximize ? Math.max(worst, limit) : Math.min(worst, limit);
  return sorted.length < 5 || ninth === best ? [best, worst] : [best, cut];
}
