import { describe, expect, it } from 'vitest';
import { compareValues, defaultColumns, serverOrder, sortRuns } from './columns';
import { parseFilter } from './filter';
import { parseLoose } from './json';
import { durationOf, flattenConfig, toRun, type Run } from './runs';

function run(name: string, config: object, summary: object, rest: Partial<Run> = {}): Run {
  const node = toRun({
    id: name, name, displayName: null, state: 'finished', createdAt: '2026-01-01T00:00:00Z', heartbeatAt: '2026-01-01T00:01:00Z',
    config: JSON.stringify(Object.fromEntries(Object.entries(config).map(([k, value]) => [k, { value }]))),
    summaryMetrics: JSON.stringify(summary),
  });
  return { ...node, ...rest };
}

describe('a run from the server', () => {
  it('reads bare NaN and Infinity, but not inside texts', () => {
    expect(parseLoose('{"a": NaN, "b": -Infinity, "c": "NaN is \\"NaN\\""}')).toEqual({ a: 'NaN', b: '-Infinity', c: 'NaN is "NaN"' });
    expect(parseLoose('{"a": ')).toBeNull();
  });
  it('unwraps config values and leaves the client bookkeeping out', () => {
    expect(flattenConfig('{"lr":{"value":0.1},"net":{"value":{"depth":3}},"_wandb":{"value":{"t":1}}}')).toEqual({ lr: 0.1, 'net.depth': 3 });
  });
  it('counts a running run on and trusts what an ended run reports', () => {
    const ended = run('a', {}, { _wandb: { runtime: 42 } });
    expect(durationOf(ended, Date.UTC(2027, 0))).toBe(42);
    expect(durationOf({ ...ended, state: 'running' }, Date.UTC(2026, 0, 1, 0, 0, 30))).toBe(30);
  });
});

describe('sorting', () => {
  const runs = [run('run-10', { lr: 0.1 }, { loss: 'NaN' }), run('run-9', { lr: 1 }, { loss: 0.3 }), run('run-1', {}, { loss: 0.1 })];
  it('counts inside names', () => {
    expect(sortRuns(runs, { column: 'name', descending: false }).map((r) => r.name)).toEqual(['run-1', 'run-9', 'run-10']);
  });
  it('puts missing values and NaN last in both directions', () => {
    expect(sortRuns(runs, { column: 'summary.loss', descending: false }).map((r) => r.name)).toEqual(['run-1', 'run-9', 'run-10']);
    expect(sortRuns(runs, { column: 'summary.loss', descending: true }).map((r) => r.name)).toEqual(['run-9', 'run-1', 'run-10']);
    expect(sortRuns(runs, { column: 'config.lr', descending: true }).at(-1)?.name).toBe('run-1');
  });
  it('keeps the order of equal rows and orders numbers before texts', () => {
    expect(sortRuns(runs, { column: 'state', descending: true }).map((r) => r.name)).toEqual(runs.map((r) => r.name));
    expect(compareValues(5, 'five', false)).toBeLessThan(0);
  });
  it('speaks the names of the server', () => {
    expect(serverOrder({ column: 'summary.val/loss', descending: false })).toBe('+summary_metrics.val/loss');
    expect(serverOrder({ column: 'config.lr', descending: true })).toBe('-config.lr');
    expect(serverOrder({ column: 'tags', descending: true })).toBeNull();
  });
});

it('shows by default the parameters that vary and the numbers that came out', () => {
  const runs = [run('a', { lr: 0.1, epochs: 3 }, { loss: 1, _step: 4 }), run('b', { lr: 0.2, epochs: 3 }, { loss: 2, note: 'x' })];
  expect(defaultColumns(runs)).toEqual(['state', 'created', 'duration', 'config.lr', 'summary.loss']);
});

describe('the filter box', () => {
  it('is empty for an empty box', () => {
    expect(parseFilter('  ').filters).toBe('{}');
  });
  it('searches words in names without a meaning of signs', () => {
    const clause = { $regex: '(?i)res\\.net\\(1' };
    expect(JSON.parse(parseFilter('res.net(1').filters)).toEqual({ $or: [{ display_name: clause }, { name: clause }] });
  });
  it('joins comparisons, tags and the chosen state', () => {
    expect(JSON.parse(parseFilter('config.lr<=0.1 summary.loss!=nan tag:a,b', 'running').filters)).toEqual({
      $and: [{ state: 'running' }, { 'config.lr': { $lte: 0.1 } }, { 'summary_metrics.loss': { $ne: 'nan' } }, { tags: { $in: ['a', 'b'] } }],
    });
  });
  it('says what it does not understand and goes on with the rest', () => {
    const result = parseFilter('state:runing tag:x');
    expect(result.problem).toContain('runing');
    expect(JSON.parse(result.filters)).toEqual({ tags: 'x' });
  });
  it('says how to compare where the prefix or the value is missing', () => {
    expect(parseFilter('loss<0.1').problem).toContain('summary.loss<0.1');
    expect(parseFilter('loss<0.1').problem).toContain('config.loss<0.1');
    expect(parseFilter('config.lr<').problem).toContain('needs a value');
    expect(parseFilter('loss<0.1 tag:x').filters).toBe('{"tags":"x"}');
    // Many runs are called so.
    expect(parseFilter('lr=0.1').problem).toBe('');
  });
  it('keeps quoted words together', () => {
    expect(JSON.parse(parseFilter('group:"my group"').filters)).toEqual({ group: 'my group' });
  });
});
