import { expect, it } from 'vitest';
import { reasonOf, toReasons } from './reasons';
import { toRun, type RunNode } from './runs';

const run = (name: string, state: string, why: string) => toRun({ id: name, name, displayName: null, state, createdAt: '', heartbeatAt: null, why } as RunNode);
const points = [
  { why: 'expected improvement', attempts: [{ run: 'a', why: 'lost' }, { run: 'b', why: '' }] },
  { why: 'random start', attempts: [{ run: 'c' }] },
  null,
];

it('gives each attempt the reason of its point and its own end', () => {
  const reasons = toReasons(points);
  expect(reasonOf(reasons, run('a', 'crashed', 'lost'))).toEqual({ suggested: 'expected improvement', ended: 'lost' });
  expect(reasonOf(reasons, run('b', 'running', 'expected improvement'))).toEqual({ suggested: 'expected improvement', ended: '' });
  expect(toReasons(JSON.stringify(points))).toEqual(reasons);
  expect(toReasons(null).size).toBe(0);
});

it('takes what has happened since from the run', () => {
  const reasons = toReasons(points);
  expect(reasonOf(reasons, run('c', 'killed', 'worse than 0.5 at 3 values')).ended).toBe('worse than 0.5 at 3 values');
  expect(reasonOf(reasons, run('new', 'running', 'random start'))).toEqual({ suggested: 'random start', ended: '' });
  expect(reasonOf(reasons, run('new', 'killed', 'canceled'))).toEqual({ suggested: '', ended: 'canceled' });
});
