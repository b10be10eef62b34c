// What changed on the server, as it changes: one event stream while it holds, a steady poll when it does not.
// The page is told in batches, never while it still works on the one before.

export const kAllKinds = ['history', 'console', 'state', 'summary', 'config', 'files', 'events'] as const;
/** What can be asked for again, and that the run is there no more. */
export type Kind = (typeof kAllKinds)[number] | 'deleted';

export interface Batch {
  /** Changed runs, by run id, and what of them changed. */
  runs: Map<string, Set<Kind>>;
  sweeps: Set<string>;
  /** Set when it is not known what changed: after a broken stream, or at each poll. */
  all: boolean;
}

export interface Timers {
  set(run: () => void, delay_ms: number): number;
  clear(id: number): void;
}

const kRealTimers: Timers = {
  set: (run, delay_ms) => window.setTimeout(run, delay_ms),
  clear: (id) => window.clearTimeout(id),
};

/** Collects changes for `delay_ms` and hands them on together; a handler that is still busy gets the rest later. */
export class Batcher {
  private pending: Batch = emptyBatch();
  private timer: number | null = null;
  private busy = false;
  private closed = false;

  constructor(
    private readonly handle: (batch: Batch) => unknown,
    private readonly delay_ms = 250,
    private readonly timers: Timers = kRealTimers,
  ) {}

  change(run: string, kinds: readonly Kind[], sweep: string | null): void {
    const known = this.pending.runs.get(run) ?? new Set<Kind>();
    for (const kind of kinds) known.add(kind);
    this.pending.runs.set(run, known);
    if (sweep) this.pending.sweeps.add(sweep);
    this.schedule();
  }

  sweep(id: string): void {
    this.pending.sweeps.add(id);
    this.schedule();
  }

  everything(): void {
    this.pending.all = true;
    this.schedule();
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) this.timers.clear(this.timer);
    this.timer = null;
  }

  private schedule(): void {
    if (this.closed || this.busy || this.timer !== null) return;
    this.timer = this.timers.set(() => void this.flush(), this.delay_ms);
  }

  private async flush(): Promise<void> {
    this.timer = null;
    const batch = this.pending;
    this.pending = emptyBatch();
    this.busy = true;
    try {
      await this.handle(batch);
    } catch {
      // The page shows its own errors; a failed refresh must not end the stream.
    } finally {
      this.busy = false;
    }
    if (!isEmpty(this.pending)) this.schedule();
  }
}

function emptyBatch(): Batch {
  return { runs: new Map(), sweeps: new Set(), all: false };
}

function isEmpty(batch: Batch): boolean {
  return batch.runs.size === 0 && batch.sweeps.size === 0 && !batch.all;
}

/** What concerns one run, or null if nothing does. */
export function kindsFor(batch: Batch, run: string): Set<Kind> | null {
  if (batch.all) return new Set<Kind>(kAllKinds);
  return batch.runs.get(run) ?? null;
}

export type LiveState = 'connecting' | 'live' | 'polling' | 'off';

/** The part of EventSource that is used, so that tests can stand in for it. */
export interface Stream {
  addEventListener(type: string, listener: (event: { data?: string }) => void): void;
  close(): void;
}

export interface LiveOptions {
  /** Resolves to a short-lived ticket; rejects if the server has none to give. */
  ticket: () => Promise<string>;
  open: (ticket: string) => Stream;
  handle: (batch: Batch) => unknown;
  onState?: (state: LiveState) => void;
  timers?: Timers;
  poll_ms?: number;
  retry_ms_max?: number;
}

/**
 * Follows one project. While the stream is broken it asks for everything every `poll_ms` and tries to connect
 * again, at growing distances. After a stream is restored it asks for everything once, for what it missed.
 */
export class LiveFeed {
  private readonly batcher: Batcher;
  private readonly timers: Timers;
  private stream: Stream | null = null;
  private poll: number | null = null;
  private retry: number | null = null;
  private failures = 0;
  private wasLive = false;
  private stopped = true;
  private generation = 0;

  constructor(private readonly options: LiveOptions) {
    this.timers = options.timers ?? kRealTimers;
    this.batcher = new Batcher(options.handle, 250, this.timers);
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.state('connecting');
    void this.connect();
  }

  /** Gives the connection back, as for a hidden tab; start() goes on and catches up. */
  pause(): void {
    this.stopped = true;
    this.generation += 1;
    this.stream?.close();
    this.stream = null;
    this.clearTimer('poll');
    this.clearTimer('retry');
    this.state('off');
  }

  close(): void {
    this.pause();
    this.batcher.close();
  }

  private async connect(): Promise<void> {
    const generation = ++this.generation;
    let ticket: string;
    try {
      ticket = await this.options.ticket();
    } catch {
      if (generation === this.generation) this.broken();
      return;
    }
    if (generation !== this.generation || this.stopped) return;
    const stream = this.options.open(ticket);
    this.stream = stream;
    const current = () => generation === this.generation && !this.stopped;
    stream.addEventListener('open', () => current() && this.opened());
    stream.addEventListener('error', () => current() && this.broken());
    stream.addEventListener('change', (event) => current() && this.onChange(event.data));
    stream.addEventListener('sweep', (event) => current() && this.onSweep(event.data));
  }

  private opened(): void {
    this.failures = 0;
    this.clearTimer('poll');
    if (this.wasLive) this.batcher.everything();
    this.wasLive = true;
    this.state('live');
  }

  private broken(): void {
    // A ticket is good for one connection, so the stream's own reconnecting cannot succeed.
    this.generation += 1;
    this.stream?.close();
    this.stream = null;
    this.wasLive = true;
    this.state('polling');
    this.startPolling();
    const delay_ms = Math.min(1000 * 2 ** this.failures, this.options.retry_ms_max ?? 30_000);
    this.failures += 1;
    this.clearTimer('retry');
    this.retry = this.timers.set(() => {
      this.retry = null;
      void this.connect();
    }, delay_ms);
  }

  private startPolling(): void {
    if (this.poll !== null || this.stopped) return;
    this.poll = this.timers.set(() => {
      this.poll = null;
      this.batcher.everything();
      this.startPolling();
    }, this.options.poll_ms ?? 5000);
  }

  private onChange(data: string | undefined): void {
    const event = parseEvent(data);
    if (typeof event?.['run'] !== 'string') return;
    const kinds = Array.isArray(event['kinds']) ? (event['kinds'] as Kind[]) : kAllKinds;
    this.batcher.change(event['run'], kinds, typeof event['sweep'] === 'string' ? event['sweep'] : null);
  }

  private onSweep(data: string | undefined): void {
    const event = parseEvent(data);
    if (typeof event?.['sweep'] === 'string') this.batcher.sweep(event['sweep']);
  }

  private state(state: LiveState): void {
    this.options.onState?.(state);
  }

  private clearTimer(which: 'poll' | 'retry'): void {
    const id = this[which];
    if (id !== null) this.timers.clear(id);
    this[which] = null;
  }
}

function parseEvent(data: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data ?? '');
    return typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
