// The logged rows of a run as one series per numeric key, growing as the run does.

import { asNumber, flatten, isObject, parseLoose } from './json';

/** One point for each row that holds the key, by ascending step. */
export interface Series {
  steps: number[];
  xs: number[];
  values: number[];
}

/** What a chart's x axis shows: the step, seconds since the start, the time of day, or any logged metric. */
export const kStep = '_step';
export const kRuntime = '_runtime';
export const kTimestamp = '_timestamp';

/** Series longer than this are thinned to half as they grow, so that a page left open stays light. */
const kPointsMax = 6000;

export class History {
  readonly series = new Map<string, Series>();
  private readonly drawn = new Map<string, Series>();
  lastStep = -1;
  /** Keys that hold no numbers: pictures, tables, texts. */
  readonly otherKeys = new Set<string>();

  constructor(readonly xKey: string = kStep) {}

  /** Puts the rows of one key, as the server sampled them, in the place of what is known of that key. */
  setSampled(key: string, rows: unknown[]): void {
    const series: Series = { steps: [], xs: [], values: [] };
    for (const row of rows) {
      if (!isObject(row)) continue;
      const flat = flatten(row);
      this.append(series, this.stepOf(flat), flat, key);
    }
    this.series.set(key, series);
    this.drawn.delete(key);
  }

  /** The points of a key as a chart takes them. The same object until the key has new points, so that only charts that changed are drawn. */
  points(key: string): Series {
    let points = this.drawn.get(key);
    if (!points) {
      const series = this.series.get(key) ?? { steps: [], xs: [], values: [] };
      const ordered = byX(series);
      points = ordered === series ? { steps: series.steps, xs: series.xs.slice(), values: series.values.slice() } : ordered;
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
        this.append(series, step, flat, key);
        grown.add(key);
        this.drawn.delete(key);
        if (series.steps.length > kPointsMax) thin(series);
      }
      this.lastStep = Math.max(this.lastStep, step);
    }
    return grown;
  }

  private stepOf(flat: Record<string, unknown>): number {
    return asNumber(flat[kStep]) ?? this.lastStep + 1;
  }

  private append(series: Series, step: number, flat: Record<string, unknown>, key: string): void {
    const value = asNumber(flat[key]);
    const x = this.xKey === kStep ? step : asNumber(flat[this.xKey]);
    if (value === null || x === null || !Number.isFinite(x)) return;
    series.steps.push(step);
    series.xs.push(x);
    series.values.push(value);
  }
}

/** Drops every second point but the last one. */
function thin(series: Series): void {
  const keep = (_: number, i: number) => i % 2 === 0 || i === series.steps.length - 1;
  const [steps, xs, values] = [series.steps.filter(keep), series.xs.filter(keep), series.values.filter(keep)];
  Object.assign(series, { steps, xs, values });
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
export function byX(series: Series): { xs: number[]; values: number[]; steps: number[] } {
  let sorted = true;
  for (let i = 1; i < series.xs.length && sorted; i += 1) sorted = series.xs[i]! >= series.xs[i - 1]!;
  if (sorted) return series;
  const order = series.xs.map((_, i) => i).sort((a, b) => series.xs[a]! - series.xs[b]!);
  const pick = (from: number[]) => order.map((i) => from[i]!);
  return { xs: pick(series.xs), values: pick(series.values), steps: pick(series.steps) };
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
