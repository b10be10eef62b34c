// What a sweep's page computes: the best run, the best so far, which parameters differ.

import { columnValue, compareValues } from './columns';
import { isOwnKey, type Run } from './runs';
import type { Objective } from './sweep-config';

/** True if `a` is the better value. NaN is never better. */
export function isBetter(a: number, b: number, maximize: boolean): boolean {
  if (!Number.isFinite(a)) return false;
  if (!Number.isFinite(b)) return true;
  return maximize ? a > b : a < b;
}

/** The run that the server ranks first; of equals the one that it has had for longer. */
export function bestRun(runs: Run[], objective: Objective | null): Run | null {
  if (!objective) return null;
  let best: Run | null = null;
  for (const run of byCreation(runs)) {
    if (run.counted !== null && isBetter(run.counted, best?.counted ?? NaN, objective.maximize)) best = run;
  }
  return best;
}

function byCreation(runs: Run[]): Run[] {
  return [...runs].sort((a, b) => a.created_ms - b.created_ms || (a.name < b.name ? -1 : 1));
}

export interface Progress {
  /** Trial numbers, from 1, of the runs that count, by creation. */
  trials: number[];
  values: number[];
  best: number[];
  runs: Run[];
}

/** Each run's value in order of creation, and the best one until then. */
export function bestSoFar(runs: Run[], objective: Objective): Progress {
  const progress: Progress = { trials: [], values: [], best: [], runs: [] };
  let best = NaN;
  byCreation(runs).forEach((run, index) => {
    const value = run.counted;
    if (value === null || !Number.isFinite(value)) return;
    if (isBetter(value, best, objective.maximize)) best = value;
    progress.trials.push(index + 1);
    progress.values.push(value);
    progress.best.push(best);
    progress.runs.push(run);
  });
  return progress;
}

/** Config keys that belong to the sweep's parameters and differ between its runs; with one run, all of them. */
export function sweptKeys(runs: Run[], names: string[]): string[] {
  const keys = new Set<string>();
  for (const run of runs) for (const key of Object.keys(run.config)) keys.add(key);
  const belongs = (key: string) => names.length === 0 || names.some((name) => key === name || key.startsWith(name + '.'));
  const varies = (key: string) => {
    const first = JSON.stringify(columnValue(runs[0]!, 'config.' + key));
    return runs.some((run) => JSON.stringify(columnValue(run, 'config.' + key)) !== first);
  };
  const rank = (key: string) => {
    const at = names.findIndex((name) => key === name || key.startsWith(name + '.'));
    return at < 0 ? names.length : at;
  };
  return [...keys]
    .filter((key) => !isOwnKey(key) && belongs(key) && (runs.length < 2 || varies(key)))
    .sort((a, b) => rank(a) - rank(b) || compareValues(a, b, false));
}

export function countStates(runs: Run[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const run of runs) counts[run.state] = (counts[run.state] ?? 0) + 1;
  return counts;
}
