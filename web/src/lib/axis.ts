// The axes of a chart: which range it shows, where its marks stand, and what they say.

import { groupDigits, minus } from './format';

/** A range narrower than this part of its values' size is noise of doubles: no mark could tell its ends apart. */
const kSpanMin = 1e-6;
/** Doubles beyond this would overflow when a margin is added. */
const kSizeMax = 4e307;

/** The range around two values, at least as wide as doubles of that size can show with marks. */
export function atLeastVisible(low: number, high: number): [number, number] {
  const [from, to] = [Math.max(-kSizeMax, low), Math.min(kSizeMax, high)];
  const span = kSpanMin * Math.max(Math.abs(from), Math.abs(to));
  if (from === to || to - from >= span) return [from, to];
  const middle = from / 2 + to / 2;
  return [middle - span / 2, middle + span / 2];
}

/** The range that values are drawn in: a tenth more on both sides, but not across zero. */
export function withMargin(low: number, high: number): [number, number] {
  const [from, to] = atLeastVisible(low, high);
  const margin = from === to ? Math.abs(from) || 1 : (to - from) / 10;
  return [from >= 0 ? Math.max(0, from - margin) : from - margin, to <= 0 && from < to ? Math.min(0, to + margin) : to + margin];
}

/** More marks than these would be a mistake, of whatever step. */
const kMarksMax = 200;

/** The multiples of `step` from `low` to `high`. */
export function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.min(kMarksMax, Math.floor(high / step + 1e-9) - first + 1);
  if (!(step > 0) || !(count > 0)) return [];
  // 15 digits are what a double keeps; more would show how it rounds.
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(15)) + 0);
}

const kUnits: [number, string][] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, '']];

/** How many decimals tell multiples of `step` apart. */
function decimalsOf(step: number): number {
  const digits = Math.min(15, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  // A step of 0.25 needs one digit more than its size says.
  return digits < 15 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 ? digits + 1 : digits;
}

/**
 * What marks that are `step` apart say: as many digits as tell neighbours apart, all in one unit, which is the one that
 * needs the fewest letters: 100k, 2.5M, 17.180G. Beyond those units, and below 1e-4, with an exponent.
 */
export function markLabels(marks: (number | null)[], step: number): string[] {
  const numbers = marks.filter((v): v is number => v !== null && Number.isFinite(v));
  const size = Math.max(...numbers.map(Math.abs), 0);
  if (!(step > 0)) return marks.map((v) => (v === null ? '' : shortNumber(v)));
  const write = (v: number, unit: number, name: string) => {
    if (v === 0) return '0';
    const [whole = '', part = ''] = Math.abs(v / unit).toFixed(decimalsOf(step / unit)).split('.');
    const rest = part.replace(/0+$/, '');
    return (v < 0 ? '−' : '') + groupDigits(Number(whole)) + (rest === '' ? '' : '.' + rest) + name;
  };
  const exponential = (v: number) => {
    const digits = Math.min(15, Math.max(0, Math.ceil(Math.log10(Math.abs(v) / step) - 1e-9) + 1));
    const [mantissa, exponent] = v.toExponential(digits).split('e');
    return v === 0 ? '0' : minus(`${Number(mantissa)}e${Number(exponent)}`);
  };
  const all = (one: (v: number) => string) => marks.map((v) => (v === null ? '' : one(v)));
  if (size >= 1e15 || size < 1e-4) return all(exponential);
  // Below ten thousand a number reads well as it is.
  const usable = kUnits.filter(([unit]) => unit === 1 || (size >= 1e4 && unit <= size));
  const written = usable.map(([unit, name]) => all((v) => write(v, unit, name)));
  const width = (labels: string[]) => Math.max(...labels.map((label) => label.length), 0);
  const plain = written.at(-1)!;
  const shortest = written.reduce((best, labels) => (width(labels) < width(best) ? labels : best));
  return width(plain) <= width(shortest) ? plain : shortest;
}

/** One mark that stands for itself, such as a power of ten: 100M, 1e-8. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return size === 0 ? '0' : '';
  if (size >= 1e15 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(3).split('e');
    return minus(`${Number(mantissa)}e${Number(exponent)}`);
  }
  const [unit, name] = kUnits.find(([unit]) => unit <= size && (unit !== 1e3 || size >= 1e4)) ?? [1, ''];
  return minus(String(Number((value / unit).toPrecision(4)))) + name;
}

const kDay = 86400;
/** Steps between marks of a duration, as people count time; in seconds. */
export const durationSteps = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  ...Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power * kDay)).flat(),
];

/** A mark of a duration without parts that are zero: 30 s, 5 m, 1 h, 1 h 30 m, 2 d 12 h. */
export function durationMark(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  const size = Math.abs(seconds);
  const whole = Math.floor(size / 60 + 1e-9) * 60;
  const rest = Number((size - whole).toFixed(3));
  const parts = [[Math.floor(whole / kDay), 'd'], [Math.floor((whole % kDay) / 3600), 'h'], [Math.floor((whole % 3600) / 60), 'm'], [rest, 's']] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, unit]) => `${unit === 'd' ? groupDigits(count) : count} ${unit}`);
  return told.length === 0 ? '0' : (seconds < 0 ? '−' : '') + told.join(' ');
}

/** The range of x: of one point a unit around it, so that it stands in the middle; with `apart` the ends stand off the frame. */
export function rangeOf(xs: number[], low: number, high: number, apart: boolean): [number, number] {
  // uPlot widens the range of a single point before it asks.
  const [first, last] = xs.length > 0 ? [xs[0]!, xs.at(-1)!] : [low, high];
  return first === last || apart ? [first - 0.5, last + 0.5] : atLeastVisible(first, last);
}
