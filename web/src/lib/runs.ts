// A run as the pages see it, made from what the server sends.

import { asNumber, flatten, isObject, parseLoose, type Flat } from './json';
import { parseTime } from './format';

export interface RunNode {
  id: string;
  name: string;
  displayName: string | null;
  state: string | null;
  createdAt: string;
  heartbeatAt: string | null;
  sweepName?: string | null;
  group?: string | null;
  jobType?: string | null;
  tags?: string[] | null;
  notes?: string | null;
  user?: { username: string | null; name?: string | null } | null;
  config?: string | null;
  summaryMetrics?: string | null;
  why?: string | null;
  sweepValue?: number | null;
}

export interface Run {
  id: string;
  name: string;
  title: string;
  state: string;
  created_ms: number;
  heartbeat_ms: number;
  sweep: string;
  group: string;
  jobType: string;
  tags: string[];
  notes: string;
  user: string;
  /** Why it was stopped, or why its sweep chose its point; one sentence or empty. */
  why: string;
  /** The value by which the server ranks it in its sweep; null if it does not count there, or was not asked for. */
  counted: number | null;
  config: Flat;
  summary: Flat;
}

const kLiveStates = new Set(['running', 'pending', 'preempting']);

export function isLive(state: string): boolean {
  return kLiveStates.has(state);
}

export function toRun(node: RunNode): Run {
  return {
    id: node.id,
    name: node.name,
    title: node.displayName || node.name,
    state: (node.state ?? 'unknown').toLowerCase(),
    created_ms: parseTime(node.createdAt),
    heartbeat_ms: parseTime(node.heartbeatAt),
    sweep: node.sweepName ?? '',
    group: node.group ?? '',
    jobType: node.jobType ?? '',
    tags: node.tags ?? [],
    notes: node.notes ?? '',
    user: node.user?.username || node.user?.name || '',
    why: node.why ?? '',
    counted: asNumber(node.sweepValue),
    config: flattenConfig(node.config),
    summary: flattenSummary(node.summaryMetrics),
  };
}

/** {"lr": {"value": 0.1}, "_wandb": …} as {"lr": 0.1}: what the person set, without the client's bookkeeping. */
export function flattenConfig(text: string | null | undefined): Flat {
  const parsed = parseLoose(text);
  if (!isObject(parsed)) return {};
  const plain: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(parsed)) {
    if (key === '_wandb') continue;
    plain[key] = isObject(entry) && 'value' in entry ? entry['value'] : entry;
  }
  return flatten(plain);
}

export function flattenSummary(text: string | null | undefined): Flat {
  const flat = flatten(parseLoose(text));
  for (const key of Object.keys(flat)) {
    if (key.startsWith('_wandb.') && key !== '_wandb.runtime') delete flat[key];
  }
  return flat;
}

/** Keys the client writes for itself begin with an underscore. */
export function isOwnKey(key: string): boolean {
  return key.startsWith('_');
}

/** Seconds that the run has taken until now or took in all. */
export function durationOf(run: Run, now_ms: number): number {
  if (run.state === 'running') return Math.max(0, (now_ms - run.created_ms) / 1000);
  const told = asNumber(run.summary['_wandb.runtime']) ?? asNumber(run.summary['_runtime']);
  if (told !== null) return told;
  return (run.heartbeat_ms - run.created_ms) / 1000;
}
