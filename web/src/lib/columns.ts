// Columns of the runs table: what they show, how they sort here and on the server, which are worth showing.

import { asNumber, isObject } from './json';
import { durationOf, isOwnKey, type Run } from './runs';

export interface Sort {
  column: string;
  descending: boolean;
}

export const kDefaultSort: Sort = { column: 'created', descending: true };

const kPlainColumns: Record<string, { label: string; order: string | null }> = {
  name: { label: 'Name', order: 'display_name' },
  state: { label: 'State', order: 'state' },
  created: { label: 'Created', order: 'created_at' },
  duration: { label: 'Duration', order: 'duration' },
  user: { label: 'User', order: null },
  sweep: { label: 'Sweep', order: 'sweep' },
  group: { label: 'Group', order: 'group' },
  jobType: { label: 'Job type', order: 'job_type' },
  tags: { label: 'Tags', order: null },
  why: { label: 'Why', order: null },
};

/** The column of the value by which the runs of a sweep rank: its metric's best, which need not be the last one of the summary. */
export function countedColumn(metric: string): string {
  return 'best.' + metric;
}

export const kPlainColumnIds = Object.keys(kPlainColumns);

export function columnLabel(id: string): string {
  return kPlainColumns[id]?.label ?? id.replace(/^(config|summary|best)\./, '');
}

/** What stands above a column. A parameter and a result can have the same name; then both say which they are. */
export function headerLabel(id: string, columns: string[]): string {
  const short = columnLabel(id);
  return columns.some((other) => other !== id && columnLabel(other) === short) ? id : short;
}

/** The server's name for sorting by a column, or null where it has none. */
export function serverOrder(sort: Sort): string | null {
  const sign = sort.descending ? '-' : '+';
  const plain = kPlainColumns[sort.column];
  if (plain) return plain.order && sign + plain.order;
  if (sort.column.startsWith('config.')) return sign + sort.column;
  if (sort.column.startsWith('summary.')) return sign + 'summary_metrics.' + sort.column.slice('summary.'.length);
  return null;
}

export function columnValue(run: Run, id: string, now_ms = Date.now()): unknown {
  switch (id) {
    case 'name':
      return run.title;
    case 'state':
      return run.state;
    case 'created':
      return run.created_ms;
    case 'duration':
      return durationOf(run, now_ms);
    case 'user':
      return run.user;
    case 'sweep':
      return run.sweep;
    case 'group':
      return run.group;
    case 'jobType':
      return run.jobType;
    case 'tags':
      return run.tags.join(', ');
    case 'why':
      return run.why;
  }
  if (id.startsWith('best.')) return run.counted ?? undefined;
  if (id.startsWith('config.')) return run.config[id.slice(7)];
  if (id.startsWith('summary.')) return run.summary[id.slice(8)];
  return undefined;
}

/**
 * Orders two values: numbers by size, texts as people count (run-9 before run-10), numbers before texts.
 * What is missing, and NaN, come last in both directions.
 */
export function compareValues(a: unknown, b: unknown, descending: boolean): number {
  const missingA = isMissing(a);
  const missingB = isMissing(b);
  if (missingA || missingB) return Number(missingA) - Number(missingB);
  const numberA = asNumber(a);
  const numberB = asNumber(b);
  let result: number;
  if (numberA !== null && numberB !== null) result = numberA - numberB;
  else if (numberA !== null) result = -1;
  else if (numberB !== null) result = 1;
  else result = kCollator.compare(textOf(a), textOf(b));
  return descending ? -result : result;
}

const kCollator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || Number.isNaN(asNumber(value) ?? 0);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** True for columns whose values are set to the right, digit below digit. */
export function isNumericColumn(runs: Run[], id: string): boolean {
  return id === 'duration' || (/^(config|summary|best)\./.test(id) && runs.some((run) => asNumber(columnValue(run, id)) !== null));
}

/** A sorted copy; equal rows keep their order. */
export function sortRuns(runs: Run[], sort: Sort, now_ms = Date.now()): Run[] {
  return runs
    .map((run) => ({ run, value: columnValue(run, sort.column, now_ms) }))
    .sort((a, b) => compareValues(a.value, b.value, sort.descending))
    .map((entry) => entry.run);
}

/** All config and summary columns that any of the runs has, those that differ between runs first. */
export function availableColumns(runs: Run[]): string[] {
  const values = new Map<string, Set<string>>();
  const note = (id: string, value: unknown) => {
    const seen = values.get(id) ?? new Set<string>();
    if (seen.size < 50) seen.add(JSON.stringify(value) ?? '');
    values.set(id, seen);
  };
  for (const run of runs) {
    for (const [key, value] of Object.entries(run.config)) if (!isOwnKey(key)) note('config.' + key, value);
    for (const [key, value] of Object.entries(run.summary)) if (!isOwnKey(key)) note('summary.' + key, value);
  }
  return [...values]
    .sort(([a, seenA], [b, seenB]) => Number(seenB.size > 1) - Number(seenA.size > 1) || kCollator.compare(a, b))
    .map(([id]) => id);
}

/** The columns of a table that nobody has set up: parameters that vary, and the numbers that came out. */
export function defaultColumns(runs: Run[]): string[] {
  const available = availableColumns(runs);
  const few = runs.length < 2;
  const varies = (id: string) => few || new Set(runs.map((run) => JSON.stringify(columnValue(run, id)))).size > 1;
  const config = available.filter((id) => id.startsWith('config.') && varies(id)).slice(0, 4);
  const summary = available
    .filter((id) => id.startsWith('summary.') && runs.some((run) => asNumber(columnValue(run, id)) !== null))
    .filter((id) => !runs.some((run) => isObject(columnValue(run, id))))
    .slice(0, 5);
  const sweep = runs.some((run) => run.sweep) ? ['sweep'] : [];
  const why = runs.some((run) => run.why) ? ['why'] : [];
  return ['state', 'created', 'duration', ...sweep, ...config, ...summary, ...why];
}
