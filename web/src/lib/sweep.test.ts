import { describe, expect, it } from 'vitest';
import { toRun, type Run } from './runs';
import { bestRun, bestSoFar, isBetter, sweptKeys } from './sweep';

function run(name: string, minute: number, settings: object, accuracy: number | null, last: number | string | null = accuracy): Run {
  return toRun({
    id: name, name, displayName: null, state: 'finished', createdAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`, heartbeatAt: null,
    config: JSON.stringify(Object.fromEntries(Object.entries(settings).map(([k, value]) => [k, { value }]))),
    summaryMetrics: JSON.stringify(last === null ? {} : { 'val/acc': last }), sweepValue: accuracy,
  });
}

const runs = [
  run('c', 3, { optimizer: 'adam', learning_rate: 0.01, fixed: 1 }, 0.7, 0.1),
  run('a', 1, { optimizer: 'sgd', learning_rate: 0.02, fixed: 1 }, 0.5),
  run('b', 2, { optimizer: 'sgd', learning_rate: 0.02, fixed: 1 }, null, 'NaN'),
  run('d', 4, { optimizer: 'sgd', learning_rate: 0.05, fixed: 1 }, 0.6),
  run('e', 5, { optimizer: 'sgd', learning_rate: 0.05, fixed: 1 }, null),
];

describe('the best run', () => {
  const objective = { metric: 'val/acc', maximize: true };
  it('follows the goal, and NaN is never the best', () => {
    expect(bestRun(runs, objective)?.name).toBe('c');
    expect(bestRun(runs, { ...objective, maximize: false })?.name).toBe('a');
    expect(bestRun([runs[2]!], objective)).toBeNull();
    // A failed run does not count, whatever it logged.
    expect(bestRun([run('x', 1, {}, null, 0.99), runs[0]!], objective)?.name).toBe('c');
    expect(isBetter(NaN, 1, false)).toBe(false);
    expect(isBetter(1, NaN, false)).toBe(true);
  });
  it('so far only ever improves, in the order in which runs were made', () => {
    const progress = bestSoFar(runs, objective);
    expect(progress.trials).toEqual([1, 3, 4]);
    expect(progress.values).toEqual([0.5, 0.7, 0.6]);
    expect(progress.best).toEqual([0.5, 0.7, 0.7]);
  });
});

it('draws the parameters that vary, in the order of the sweep', () => {
  expect(sweptKeys(runs, ['learning_rate', 'odd name', 'optimizer'])).toEqual(['learning_rate', 'optimizer']);
  expect(sweptKeys(runs, [])).toEqual(['learning_rate', 'optimizer']);
});
