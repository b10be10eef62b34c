import { beforeEach, describe, expect, it } from 'vitest';
import { Batcher, kindsFor, LiveFeed, type Batch, type LiveState, type Stream, type Timers } from './live';

/** Time that moves only when told. */
class FakeTimers implements Timers {
  now = 0;
  private next = 1;
  private waiting: { id: number; at: number; run: () => void }[] = [];
  set(run: () => void, delay_ms: number): number {
    this.waiting.push({ id: this.next, at: this.now + delay_ms, run });
    return this.next++;
  }
  clear(id: number): void {
    this.waiting = this.waiting.filter((w) => w.id !== id);
  }
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const due = this.waiting.filter((w) => w.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.now = due.at;
      this.clear(due.id);
      due.run();
      await settle();
    }
    this.now = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

describe('Batcher', () => {
  let timers: FakeTimers;
  let batches: Batch[];
  beforeEach(() => {
    timers = new FakeTimers();
    batches = [];
  });

  it('joins what comes within a quarter of a second', async () => {
    const batcher = new Batcher((batch) => batches.push(batch), 250, timers);
    batcher.change('a', ['history'], 's');
    batcher.change('a', ['summary'], null);
    batcher.change('b', ['console'], null);
    await timers.advance(249);
    expect(batches).toHaveLength(0);
    await timers.advance(1);
    expect(batches).toHaveLength(1);
    expect(kindsFor(batches[0]!, 'a')).toEqual(new Set(['history', 'summary']));
    expect(batches[0]!.sweeps).toEqual(new Set(['s']));
    expect(kindsFor(batches[0]!, 'c')).toBeNull();
  });

  it('never hands on a second batch while the first is worked on, and loses nothing', async () => {
    let finish = () => {};
    const batcher = new Batcher((batch) => (batches.push(batch), new Promise<void>((done) => (finish = done))), 250, timers);
    batcher.change('a', ['history'], null);
    await timers.advance(250);
    batcher.change('b', ['history'], null);
    await timers.advance(5000);
    expect(batches).toHaveLength(1);
    finish();
    await settle();
    await timers.advance(250);
    expect([...batches[1]!.runs.keys()]).toEqual(['b']);
  });

  it('goes on after a handler that failed', async () => {
    const batcher = new Batcher((batch) => { batches.push(batch); throw new Error('no'); }, 250, timers);
    batcher.everything();
    await timers.advance(250);
    batcher.everything();
    await timers.advance(250);
    expect(batches).toHaveLength(2);
  });

  it('is silent once closed', async () => {
    const batcher = new Batcher((batch) => batches.push(batch), 250, timers);
    batcher.everything();
    batcher.close();
    await timers.advance(1000);
    expect(batches).toHaveLength(0);
  });
});

class FakeStream implements Stream {
  closed = false;
  private listeners: Record<string, (event: { data?: string }) => void> = {};
  addEventListener(type: string, listener: (event: { data?: string }) => void): void {
    this.listeners[type] = listener;
  }
  close(): void {
    this.closed = true;
  }
  emit(type: string, data?: unknown): void {
    this.listeners[type]?.(data === undefined ? {} : { data: typeof data === 'string' ? data : JSON.stringify(data) });
  }
}

describe('LiveFeed', () => {
  let timers: FakeTimers;
  let batches: Batch[];
  let streams: FakeStream[];
  let states: LiveState[];
  let hasTickets: boolean;
  let feed: LiveFeed;
  beforeEach(() => {
    timers = new FakeTimers();
    batches = [];
    streams = [];
    states = [];
    hasTickets = true;
    feed = new LiveFeed({
      ticket: () => (hasTickets ? Promise.resolve('t') : Promise.reject(new Error('none'))),
      open: () => {
        const stream = new FakeStream();
        streams.push(stream);
        return stream;
      },
      handle: (batch) => batches.push(batch),
      onState: (state) => states.push(state),
      timers,
    });
  });

  it('hands on what the stream tells, and ignores what it cannot read', async () => {
    feed.start();
    await settle();
    streams[0]!.emit('open');
    streams[0]!.emit('change', '{not json');
    streams[0]!.emit('change', { kinds: ['history'] });
    streams[0]!.emit('change', { run: 'r1', kinds: ['history'], sweep: 's1' });
    streams[0]!.emit('sweep', { sweep: 's2' });
    await timers.advance(250);
    expect(batches).toHaveLength(1);
    expect([...batches[0]!.runs.keys()]).toEqual(['r1']);
    expect(batches[0]!.sweeps).toEqual(new Set(['s1', 's2']));
    expect(states.at(-1)).toBe('live');
  });

  it('asks for everything every five seconds while the stream is broken, and tries again at growing distances', async () => {
    feed.start();
    await settle();
    streams[0]!.emit('error');
    expect(streams[0]!.closed).toBe(true);
    expect(states.at(-1)).toBe('polling');
    hasTickets = false;
    await timers.advance(16_000);
    expect(batches.filter((b) => b.all)).toHaveLength(3);
    expect(streams).toHaveLength(1);
    hasTickets = true;
    await timers.advance(31_000);
    expect(streams).toHaveLength(2);
  });

  it('catches up once when the stream is back, and polls no more', async () => {
    feed.start();
    await settle();
    streams[0]!.emit('open');
    streams[0]!.emit('error');
    await timers.advance(1000);
    streams[1]!.emit('open');
    await timers.advance(250);
    expect(batches).toHaveLength(1);
    expect(batches[0]!.all).toBe(true);
    await timers.advance(60_000);
    expect(batches).toHaveLength(1);
    expect(states.at(-1)).toBe('live');
  });

  it('gives the connection back when paused, and catches up when started again', async () => {
    feed.start();
    await settle();
    streams[0]!.emit('open');
    feed.pause();
    expect(streams[0]!.closed).toBe(true);
    await timers.advance(60_000);
    expect(batches).toHaveLength(0);
    feed.start();
    await settle();
    streams[1]!.emit('open');
    await timers.advance(250);
    expect(batches[0]?.all).toBe(true);
  });

  it('hears nothing from a stream that it has left', async () => {
    feed.start();
    await settle();
    streams[0]!.emit('open');
    feed.close();
    streams[0]!.emit('change', { run: 'r1', kinds: ['history'] });
    await timers.advance(1000);
    expect(batches).toHaveLength(0);
  });
});
