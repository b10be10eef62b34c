import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './graphql';
import { toInsights, type Insights } from './insights';
import type { Batch } from './live';
import type { Queries } from './queries';
import type { Run } from './runs';
import { InsightsFeed, SweepData } from './sweep-data.svelte';

const run = (name: string) => ({ name, state: 'finished', config: {}, summary: {} }) as unknown as Run;
const told = toInsights({});

describe('what the model has learned', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it.each([new ApiError('busy', 'server', 503), new ApiError('too many', 'server', 429), new ApiError('away', 'network')])('is asked again after a failure that passes: $message', async (failure) => {
    const ask = vi.fn<() => Promise<Insights>>().mockRejectedValueOnce(failure).mockResolvedValue(told);
    const feed = new InsightsFeed(ask);
    feed.want([run('a')], null);
    await vi.advanceTimersByTimeAsync(0);
    expect([feed.insights, feed.reason]).toEqual([null, failure.message]);
    feed.want([run('a')], null); // what follows at once does not hurry a server that is busy
    await vi.advanceTimersByTimeAsync(1000);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed.insights).toEqual(told);
    expect(ask).toHaveBeenCalledTimes(2);
    feed.close();
  });

  it('is asked again after a refusal only when there are more results', async () => {
    const ask = vi.fn<() => Promise<Insights>>().mockRejectedValue(new ApiError('too few results', 'server', 409));
    const feed = new InsightsFeed(ask);
    feed.want([run('a')], null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(1);
    feed.want([run('a'), run('b')], null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
    feed.close();
  });

  it('is told without the pair where the pair is refused, and why', async () => {
    const ask = vi.fn((pair: [string, string] | null) => (pair ? Promise.reject(new ApiError('no parameter x', 'server', 400)) : Promise.resolve(told)));
    const feed = new InsightsFeed(ask);
    feed.want([run('a')], ['x', 'y']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([feed.insights, feed.contourReason]).toEqual([told, 'no parameter x']);
    expect(ask.mock.calls).toEqual([[['x', 'y']], [null]]);
    feed.close();
  });
});

it('counts fewer runs after one was deleted', async () => {
  const queries = {
    sweep: () => Promise.resolve({ sweep: { id: '1' }, agents: [] }),
    runs: () => Promise.resolve({ items: [run('a'), run('b')], total: 6000, next: null }),
    sweepReasons: () => Promise.resolve(new Map()),
    runsNamed: () => Promise.resolve([]),
  } as unknown as Queries;
  const data = new SweepData(queries, 'e', 'p', 's');
  await data.start();
  await data.onBatch({ all: false, runs: new Map([['b', 0]]), sweeps: new Set() } as unknown as Batch);
  expect(data.runs.map((r) => r.name)).toEqual(['a']);
  expect(data.total).toBe(5999);
});
