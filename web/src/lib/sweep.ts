// What a sweep's page computes: the objective, the best run, the best so far, its parameters.

import { columnValue, compareValues } from './columns';
import { isObject, parseLoose } from './json';
import { isOwnKey, metricOf, type Run } from './runs';

export interface Objective {
  metric: string;
  maximize: boolean;
}

/**
 * The objective in a sweep's text, YAML or JSON. Of YAML only the top-level `metric` entry is read, in block or flow style;
 * everything else is the server's business.
 */
export function objectiveOf(config: string): Objective | null {
  const object = parseLoose(config);
  if (isObject(object)) {
    const entry = object['metric'];
    if (!isObject(entry) || typeof entry['name'] !== 'string') return null;
    return { metric: entry['name'], maximize: entry['goal'] === 'maximize' };
  }
  const block = topLevelBlock(config, 'metric');
  if (block === null) return null;
  const name = entryOf(block, 'name');
  if (!name) return null;
  return { metric: name, maximize: entryOf(block, 'goal') === 'maximize' };
}

/** Names directly under the top-level `parameters` entry, in their order. */
export function parameterNames(config: string): string[] {
  const object = parseLoose(config);
  if (isObject(object)) return isObject(object['parameters']) ? Object.keys(object['parameters']) : [];
  const block = topLevelBlock(config, 'parameters');
  if (block === null) return [];
  const lines = block.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const indent = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.flatMap((line) => {
    const match = /^(\s*)(?:"([^"]+)"|'([^']+)'|([^\s:#{}"'][^:]*)):(?:\s|$)/.exec(line);
    return match && match[1]!.length === indent ? [(match[2] ?? match[3] ?? match[4])!] : [];
  });
}

/** Parameters that the sweep draws on a logarithmic scale. */
export function logParameters(config: string): Set<string> {
  const names = parameterNames(config);
  const block = topLevelBlock(config, 'parameters') ?? '';
  const found = new Set<string>();
  let current = '';
  for (const line of block.split('\n')) {
    const name = names.find((n) => new RegExp(`^\\s*["']?${escapePattern(n)}["']?:`).test(line));
    if (name !== undefined) current = name;
    if (/distribution["']?:\s*["']?\w*log_/.test(line)) found.add(current);
  }
  return found;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function topLevelBlock(yaml: string, name: string): string | null {
  const lines = yaml.split(/\r?\n/);
  const start = lines.findIndex((line) => new RegExp(`^["']?${name}["']?:`).test(line));
  if (start < 0) return null;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^[^\s#]/.test(line));
  const inline = lines[start]!.slice(lines[start]!.indexOf(':') + 1);
  return [inline, ...(end < 0 ? rest : rest.slice(0, end))].filter((line) => line.trim() !== '').join('\n');
}

function entryOf(block: string, key: string): string {
  const match = new RegExp(`(?:^|[\\s{,])["']?${key}["']?:\\s*(?:"([^"]*)"|'([^']*)'|([^\\n,}#]+))`).exec(block);
  return (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').trim();
}

/** True if `a` is the better value. NaN is never better. */
export function isBetter(a: number, b: number, maximize: boolean): boolean {
  if (!Number.isFinite(a)) return false;
  if (!Number.isFinite(b)) return true;
  return maximize ? a > b : a < b;
}

export function bestRun(runs: Run[], objective: Objective | null): Run | null {
  if (!objective) return null;
  let best: Run | null = null;
  let value = NaN;
  for (const run of runs) {
    const candidate = metricOf(run, objective.metric);
    if (candidate === null || !isBetter(candidate, value, objective.maximize)) continue;
    best = run;
    value = candidate;
  }
  return best;
}

export interface Progress {
  /** Trial numbers, from 1, of the runs that have the metric, by creation. */
  trials: number[];
  values: number[];
  best: number[];
  runs: Run[];
}

/** Each run's value in order of creation, and the best one until then. */
export function bestSoFar(runs: Run[], objective: Objective): Progress {
  const progress: Progress = { trials: [], values: [], best: [], runs: [] };
  let best = NaN;
  [...runs]
    .sort((a, b) => a.created_ms - b.created_ms || (a.name < b.name ? -1 : 1))
    .forEach((run, index) => {
      const value = metricOf(run, objective.metric);
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
