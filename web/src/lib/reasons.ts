// Why a run of a sweep was suggested, and why it ended: one sentence each.

import { isObject, parseLoose } from './json';
import type { Run } from './runs';

export interface Reason {
  suggested: string;
  ended: string;
}

export type Reasons = Map<string, Reason>;

/** Reads `Sweep.points`: the points handed out, each with its attempts by run. */
export function toReasons(points: unknown): Reasons {
  const list = typeof points === 'string' ? parseLoose(points) : points;
  const found: Reasons = new Map();
  if (!Array.isArray(list)) return found;
  for (const point of list) {
    if (!isObject(point) || !Array.isArray(point['attempts'])) continue;
    for (const attempt of point['attempts']) {
      if (!isObject(attempt) || typeof attempt['run'] !== 'string') continue;
      found.set(attempt['run'], { suggested: text(point['why']), ended: text(attempt['why']) });
    }
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * What a run itself tells: the reason of its end once it has one, before that the reason of its point. So the points need
 * to be asked for only once, and the runs bring the rest.
 */
export function reasonOf(reasons: Reasons, run: Run): Reason {
  const known = reasons.get(run.name);
  if (!known) return run.state === 'running' || run.state === 'pending' ? { suggested: run.why, ended: '' } : { suggested: '', ended: run.why };
  if (run.why && run.why !== known.suggested) return { suggested: known.suggested, ended: run.why };
  return known;
}
