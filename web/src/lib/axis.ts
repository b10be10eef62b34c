// The axes of a chart: which range it shows, where its marks stand, and what they say.

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
