// What the page of a sweep knows of it, kept up to date.

import { ApiError } from './graphql';
import type { Insights } from './insights';
import type { Batch } from './live';
import { messageOf, type AgentRow, type Queries, type SweepRow } from './queries';
import { reasonOf, type Reason, type Reasons } from './reasons';
import { isLive, type Run } from './runs';

const kRunsMax = 5000;

export class SweepData {
  sweep = $state.raw<SweepRow | null>(null);
  agents = $state.raw<AgentRow[]>([]);
  runs = $state.raw<Run[]>([]);
  total = $state(0);
  problem = $state('');
  private reasons = $state.raw<Reasons>(new Map());

  constructor(
    private readonly queries: Queries,
    private readonly entity: string,
    private readonly project: string,
    private readonly name: string,
  ) {}

  reason = (run: Run): Reason => reasonOf(this.reasons, run);

  async start(): Promise<void> {
    try {
      await Promise.all([this.loadSweep(), this.loadRuns(), this.loadReasons()]);
      this.problem = '';
    } catch (cause) {
      this.problem = messageOf(cause);
    }
  }

  /** Asks for what has changed, and for nothing else. */
  async onBatch(batch: Batch): Promise<void> {
    if (batch.all || !this.sweep) return this.start();
    try {
      const changed = [...batch.runs.keys()];
      const known = new Set(this.runs.map((run) => run.name));
      // Runs of other sweeps are told of too: only those that are known here, or of which it is said so, can be meant.
      const asked = batch.sweeps.has(this.name) ? changed : changed.filter((run) => known.has(run));
      if (asked.length > 0) {
        const fresh = new Map((await this.queries.runsNamed(this.entity, this.project, asked, this.name)).map((run) => [run.name, run]));
        // What the server no longer has was deleted.
        const kept = this.runs.filter((run) => !asked.includes(run.name) || fresh.has(run.name)).map((run) => fresh.get(run.name) ?? run);
        const added = [...fresh.values()].filter((run) => !known.has(run.name));
        this.runs = kept.length + added.length > kRunsMax ? kept : [...kept, ...added];
        const gone = asked.filter((run) => known.has(run) && !fresh.has(run)).length;
        this.total = Math.max(this.total + added.length - gone, this.runs.length);
      }
      if (batch.sweeps.has(this.name)) await this.loadSweep();
      this.problem = '';
    } catch (cause) {
      this.problem = messageOf(cause);
    }
  }

  async setState(state: string): Promise<void> {
    await this.queries.setSweepState(this.sweep!.id, this.entity, this.project, state);
    await this.loadSweep();
  }

  private async loadSweep(): Promise<void> {
    const found = await this.queries.sweep(this.entity, this.project, this.name);
    this.sweep = found.sweep;
    this.agents = found.agents;
  }

  private async loadRuns(): Promise<void> {
    const all: Run[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<Queries['runs']>> = await this.queries.runs(this.entity, this.project, {
        filters: JSON.stringify({ sweep: this.name }), order: '+created_at', first: 500, after, ofSweep: true,
      });
      all.push(...page.items);
      this.total = page.total;
      after = page.next;
    } while (after && all.length < kRunsMax);
    this.runs = all;
  }

  private async loadReasons(): Promise<void> {
    this.reasons = await this.queries.sweepReasons(this.entity, this.project, this.name);
  }
}

const kPause_ms = 4000;

/** Whether asking the same again would be answered the same: what is wrong with a question stays so. */
function isLasting(cause: unknown): boolean {
  return cause instanceof ApiError && cause.status >= 400 && cause.status < 500 && cause.status !== 408 && cause.status !== 429;
}

/**
 * What the sweep's model has learned. Asked again when runs have ended since, one question at a time and with pauses
 * that grow with how long the model thinks, so that an open page costs the server little.
 */
export class InsightsFeed {
  insights = $state.raw<Insights | null>(null);
  /** Why there is nothing, in the server's words. */
  reason = $state('The model is being asked…');
  /** Why there is no contour of the pair in view; empty while it is being asked for. */
  contourReason = $state('');
  private known = '';
  private wanted = '';
  private askedPair: string | null = null;
  private timer: number | null = null;
  private busy = false;
  private closed = false;
  private pause_ms = 0;

  constructor(private readonly ask: (pair: [string, string] | null) => Promise<Insights>) {}

  /** Tells which runs there are and which pair of parameters is in view; asks if that is news. */
  want(runs: Run[], pair: [string, string] | null): void {
    this.pair = pair;
    const pairKey = pair?.join('\n') ?? '';
    this.wanted = `${runs.reduce((ended, run) => ended + Number(!isLive(run.state)), 0)} ${pairKey}`;
    const pairIsNew = pairKey !== this.askedPair;
    if (pairIsNew) this.contourReason = '';
    if (pairIsNew && this.timer !== null) {
      window.clearTimeout(this.timer);
      this.timer = null;
    }
    this.schedule(pairIsNew ? 0 : this.pause_ms);
  }
  private pair: [string, string] | null = null;

  close(): void {
    this.closed = true;
    if (this.timer !== null) window.clearTimeout(this.timer);
  }

  private schedule(delay_ms: number): void {
    if (this.closed || this.busy || this.timer !== null || this.wanted === this.known) return;
    this.timer = window.setTimeout(() => void this.load(), delay_ms);
  }

  private async load(): Promise<void> {
    this.timer = null;
    this.busy = true;
    const asked = this.wanted;
    const pair = this.pair;
    this.askedPair = pair?.join('\n') ?? '';
    const started = performance.now();
    // An answer about a pair that is no longer in view says nothing about the one that is.
    const explain = (why: string) => { if ((this.pair?.join('\n') ?? '') === this.askedPair) this.contourReason = why; };
    try {
      this.insights = await this.askTolerantly(pair, explain);
      this.known = asked;
    } catch (cause) {
      // Too few results, or nothing to learn from: what was known before stays.
      this.reason = messageOf(cause);
      explain(this.reason);
      // A server that is busy or away is asked again.
      if (isLasting(cause)) this.known = asked;
    }
    this.busy = false;
    this.pause_ms = Math.max(kPause_ms, 10 * (performance.now() - started));
    this.schedule(this.pause_ms);
  }

  /** Of a pair that the server does not take, e.g. one with a name that the sweep does not have, the rest is still told. */
  private async askTolerantly(pair: [string, string] | null, explain: (why: string) => void): Promise<Insights> {
    try {
      const answer = await this.ask(pair);
      explain('');
      return answer;
    } catch (cause) {
      if (pair === null || !(cause instanceof ApiError) || cause.status !== 400) throw cause;
      const answer = await this.ask(null);
      explain(messageOf(cause));
      return answer;
    }
  }
}
