// The logged rows of a run as one series per numeric key, growing as the run does.

import { asNumber, flatten, isObject, parseLoose } from './json';

/** One point for each row that holds the key, by ascending step. */
export interface Series {
  steps: number[];
  xs: number[];
  values: number[];
  /** Whether rows were left out, so that an average of these points would not be that of the rows. */
  thinned?: boolean;
  /** The running average of all rows up to each point, where rows were left out. */
  smoothed?: number[];
}

/** What a chart's x axis shows: the step, seconds since the start, the time of day, or any logged metric. */
export const kStep = '_step';
export const kRuntime = '_runtime';
export const kTimestamp = '_timestamp';

/** Where the server puts the running average beside a sampled row. */
const kSmoothed = '_smoothed';

/** Series longer than this are thinned to half as they grow, so that a page left open stays light. */
const kPointsMax = 6000;

export class History {
  readonly series = new Map<string, Series>();
  private readonly drawn = new Map<string, Series>();
  lastStep = -1;
  /** Keys that hold no numbers: pictures, tables, texts. */
  readonly otherKeys = new Set<string>();

  /** `weight`: of the running average that thinned series keep as they grow; 0 for none. */
  constructor(readonly xKey: string = kStep, public weight = 0) {}

  /**
   * Puts the rows of one key, as the server sampled them, in the place of what is known of that key; what has come
   * since they were taken stays. `thinned` says that they are not all.
   */
  setSampled(key: string, rows: unknown[], thinned = false): void {
    const series: Series = { steps: [], xs: [], values: [] };
    if (thinned) series.thinned = true;
    if (thinned && this.weight > 0) series.smoothed = [];
    for (const row of rows) {
      if (!isObject(row)) continue;
      const flat = flatten(row);
      this.append(series, this.stepOf(flat), flat, key, asNumber(flat[kSmoothed]) ?? NaN);
    }
    const known = this.series.get(key);
    const last = series.steps.at(-1) ?? -1;
    known?.steps.forEach((step, i) => { if (step > last) push(series, step, known.xs[i]!, known.values[i]!, this.next(series, known.values[i]!)); });
    this.series.set(key, series);
    this.drawn.delete(key);
  }

  /** The points of a key as a chart takes them. The same object until the key has new points, so that only charts that changed are drawn. */
  points(key: string): Series {
    let points = this.drawn.get(key);
    if (!points) {
      const series = this.series.get(key) ?? { steps: [], xs: [], values: [] };
      const ordered = byX(series);
      points = ordered === series ? { ...series, xs: series.xs.slice(), values: series.values.slice(), smoothed: series.smoothed?.slice() } : ordered;
      this.drawn.set(key, points);
    }
    return points;
  }

  /** Adds later rows; of a row that is known already nothing is added. Returns the keys that grew. */
  addRows(rows: unknown[]): Set<string> {
    const grown = new Set<string>();
    for (const row of rows) {
      if (!isObject(row)) continue;
      const flat = flatten(row);
      const step = this.stepOf(flat);
      for (const [key, value] of Object.entries(flat)) {
        if (key.startsWith('_')) continue;
        if (asNumber(value) === null) {
          if (!this.series.has(key)) this.otherKeys.add(key);
          continue;
        }
        let series = this.series.get(key);
        if (!series) this.series.set(key, (series = { steps: [], xs: [], values: [] }));
        if (step <= (series.steps.at(-1) ?? -1)) continue;
        this.append(series, step, flat, key, this.next(series, asNumber(value)!));
        grown.add(key);
        this.drawn.delete(key);
        if (series.steps.length > kPointsMax) this.thin(series);
      }
      this.lastStep = Math.max(this.lastStep, step);
    }
    return grown;
  }

  private stepOf(flat: Record<string, unknown>): number {
    return asNumber(flat[kStep]) ?? this.lastStep + 1;
  }

  private append(series: Series, step: number, flat: Record<string, unknown>, key: string, smoothed: number): void {
    const value = asNumber(flat[key]);
    const x = this.xKey === kStep ? step : asNumber(flat[this.xKey]);
    if (value === null || x === null || !Number.isFinite(x)) return;
    push(series, step, x, value, smoothed);
  }

  /** The running average with one more value. So far from the start there is no pull towards zero to take out. */
  private next(series: Series, value: number): number {
    if (!series.smoothed || !Number.isFinite(value)) return NaN;
    const before = series.smoothed.findLast(Number.isFinite);
    return before === undefined ? value : this.weight * before + (1 - this.weight) * value;
  }

  private thin(series: Series): void {
    if (!series.thinned && this.weight > 0) series.smoothed = smooth(series.values, this.weight);
    series.thinned = true;
    thin(series);
  }
}

function push(series: Series, step: number, x: number, value: number, smoothed: number): void {
  series.steps.push(step);
  series.xs.push(x);
  series.values.push(value);
  series.smoothed?.push(smoothed);
}

/** Of each four points the lowest and the highest stay, and the first that is no finite number; and both ends of the series. */
function thin(series: Series): void {
  const kept = new Set([0, series.values.length - 1]);
  for (let from = 0; from < series.values.length; from += 4) {
    const four = [0, 1, 2, 3].map((i) => from + i).filter((i) => i < series.values.length);
    const numbers = four.filter((i) => Number.isFinite(series.values[i]));
    const odd = four.find((i) => !Number.isFinite(series.values[i]));
    if (odd !== undefined) kept.add(odd);
    if (numbers.length === 0) continue;
    kept.add(numbers.reduce((low, i) => (series.values[i]! < series.values[low]! ? i : low)));
    kept.add(numbers.reduce((high, i) => (series.values[i]! > series.values[high]! ? i : high)));
  }
  const keep = (_: number, i: number) => kept.has(i);
  const [steps, xs, values, smoothed] = [series.steps.filter(keep), series.xs.filter(keep), series.values.filter(keep), series.smoothed?.filter(keep)];
  Object.assign(series, { steps, xs, values, smoothed });
}

export function parseRows(rows: (string | null)[] | null | undefined): unknown[] {
  return (rows ?? []).map((row) => parseLoose(row)).filter(isObject);
}

/** The numeric keys in what the server says of a run's history, without the client's own, and how many values each key has. */
export function numericKeys(historyKeys: unknown): { numeric: string[]; other: string[]; lastStep: number; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const numeric: string[] = [];
  const other: string[] = [];
  const told = isObject(historyKeys) ? historyKeys : {};
  const keys = isObject(told['keys']) ? told['keys'] : {};
  for (const [key, info] of Object.entries(keys)) {
    if (key.startsWith('_')) continue;
    const types = (isObject(info) && Array.isArray(info['typeCounts']) ? info['typeCounts'] : []).filter(isObject);
    const isNumber = types.length === 0 || types.some((t) => t['type'] === 'number');
    counts.set(key, types.reduce((sum, t) => sum + (asNumber(t['count']) ?? 0), 0));
    (isNumber ? numeric : other).push(key);
  }
  return { numeric: sortKeys(numeric), other: sortKeys(other), lastStep: asNumber(told['lastStep']) ?? -1, counts };
}

const kCollator = new Intl.Collator('en', { numeric: true });

export function sortKeys(keys: string[]): string[] {
  return [...keys].sort(kCollator.compare);
}

function prefixOf(key: string): string {
  const cut = key.lastIndexOf('/');
  return cut > 0 ? key.slice(0, cut) : '';
}

/** The section of a key that the client's monitor writes, `system.gpu.0.temp`: its device. */
export function systemSection(key: string): string {
  return /^system\.([a-z]+)/i.exec(key)?.[1] ?? '';
}

/** Keys by the part before their last slash: `train/loss` stands in the section `train`, `loss` in ''. */
export function sections(keys: string[], sectionOf = prefixOf): { name: string; keys: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const name = sectionOf(key);
    groups.set(name, [...(groups.get(name) ?? []), key]);
  }
  return [...groups].map(([name, members]) => ({ name, keys: members })).sort((a, b) => kCollator.compare(a.name, b.name));
}

/** Points by ascending x, as a chart needs them; x values that are not a step may come in any order. */
export function byX(series: Series): Series {
  let sorted = true;
  for (let i = 1; i < series.xs.length && sorted; i += 1) sorted = series.xs[i]! >= series.xs[i - 1]!;
  if (sorted) return series;
  const order = series.xs.map((_, i) => i).sort((a, b) => series.xs[a]! - series.xs[b]!);
  const pick = (from: number[]) => order.map((i) => from[i]!);
  return { ...series, xs: pick(series.xs), values: pick(series.values), steps: pick(series.steps), smoothed: series.smoothed && pick(series.smoothed) };
}

/**
 * Exponential moving average without the pull towards zero at the start:
 * s_i = w s_{i-1} + (1 - w) y_i, shown as s_i / (1 - w^i). Values that are not finite leave the average as it is.
 */
export function smooth(values: number[], weight: number): number[] {
  if (weight <= 0) return values;
  let sum = 0;
  let norm = 1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    norm *= weight;
    return sum / (1 - norm);
  });
}
