// Every operation that the page sends, and nothing else. Fields are those of the public protocol, but
// for the sentences called `why`, which are this server's own.

import { Api, ApiError } from './graphql';
import { isObject } from './json';
import { parseRows } from './history';
import type { LogLine } from './console';
import { toInsights, type Insights } from './insights';
import { toReasons, type Reasons } from './reasons';
import { parseSweepConfig, type SweepConfig } from './sweep-config';
import { toRun, type Run, type RunNode } from './runs';

export interface Viewer {
  username: string;
  entity: string;
  email: string;
  admin: boolean;
  /** The viewer's own entity first, then their teams. */
  entities: string[];
}

interface Connection<T> {
  edges: { node: T; cursor?: string }[];
  pageInfo?: { endCursor: string | null; hasNextPage: boolean } | null;
}

export interface Page<T> {
  items: T[];
  total: number;
  next: string | null;
}

/** The first `pages` pages as one; `total` and `next` are the last page's. */
export async function firstPages<T>(pages: number, load: (after: string | null) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = [];
  let page: Page<T> = { items: [], total: 0, next: null };
  for (let count = 0; count < pages && (count === 0 || page.next); count += 1) {
    page = await load(page.next);
    items.push(...page.items);
  }
  return { ...page, items };
}

export interface ProjectRow {
  name: string;
  entity: string;
  created: string;
  runs: number;
  running: number;
  sweeps: number;
  last: Run | null;
}

export interface SweepRow {
  id: string;
  name: string;
  title: string;
  state: string;
  method: string;
  config: string;
  plan: SweepConfig;
  best: number | null;
  created: string;
  runCount: number;
  /** How many runs there will be, where that is known. */
  expected: number | null;
  why: string;
}

export interface AgentRow {
  id: string;
  name: string;
  host: string;
  state: string;
  totalRuns: number;
  heartbeat: string | null;
  why: string;
}

export interface FileRow {
  name: string;
  url: string;
  size: number;
  type: string;
  updated: string | null;
}

export interface RunDetail {
  run: Run;
  historyKeys: unknown;
  logLines: number;
}

const kRunFields = 'id name displayName state createdAt heartbeatAt sweepName group jobType tags notes user{username name} config summaryMetrics why';

/** What a sweep's page needs of its runs. */
const kSweepRunFields = kRunFields + ' sweepValue';

function nodes<T>(connection: Connection<T> | null | undefined): T[] {
  return (connection?.edges ?? []).map((edge) => edge.node).filter((node) => node != null);
}

export class Queries {
  constructor(readonly api: Api) {}

  async viewer(): Promise<Viewer | null> {
    interface Node {
      entity: string | null;
      username: string | null;
      email: string | null;
      admin: boolean | null;
      teams: Connection<{ name: string }> | null;
    }
    const data = await this.api.query<{ viewer: Node | null }>(
      'query Viewer{viewer{id entity username email admin teams{edges{node{name}}}}}',
    );
    if (!data.viewer) return null;
    const own = data.viewer.entity ?? data.viewer.username ?? '';
    const teams = nodes(data.viewer.teams).map((team) => team.name);
    return {
      username: data.viewer.username ?? own,
      entity: own,
      email: data.viewer.email ?? '',
      admin: data.viewer.admin ?? false,
      entities: [...new Set([own, ...teams])].filter(Boolean),
    };
  }

  async projects(entity: string, after: string | null): Promise<Page<ProjectRow>> {
    interface Node {
      name: string;
      entityName: string;
      createdAt: string;
      runCount: number | null;
      running: number | null;
      totalSweeps: number | null;
      runs: Connection<RunNode> | null;
    }
    const data = await this.api.query<{ models: Connection<Node> | null }>(
      `query PageProjects($entity:String!,$after:String,$running:JSONString){models(entityName:$entity,first:50,after:$after){
        edges{node{name entityName createdAt runCount running:runCount(filters:$running) totalSweeps
          runs(first:1,order:"-heartbeat_at"){edges{node{id name displayName state createdAt heartbeatAt}}}}}
        pageInfo{endCursor hasNextPage}}}`,
      { entity, after, running: '{"state":"running"}' },
    );
    const items = nodes(data.models).map((node) => {
      const last = nodes(node.runs)[0];
      return {
        name: node.name,
        entity: node.entityName,
        created: node.createdAt,
        runs: node.runCount ?? 0,
        running: node.running ?? 0,
        sweeps: node.totalSweeps ?? 0,
        last: last ? toRun(last) : null,
      };
    });
    return { items, total: items.length, next: nextCursor(data.models) };
  }

  async runs(
    entity: string,
    project: string,
    options: { filters?: string; order?: string | null; first?: number; after?: string | null; ofSweep?: boolean },
    signal?: AbortSignal,
  ): Promise<Page<Run>> {
    const data = await this.api.query<{ project: { runCount: number; runs: Connection<RunNode> } | null }>(
      `query PageRuns($entity:String!,$project:String!,$filters:JSONString,$order:String,$first:Int,$after:String){
        project(name:$project,entityName:$entity){runCount(filters:$filters)
          runs(filters:$filters,order:$order,first:$first,after:$after){edges{cursor node{${options.ofSweep ? kSweepRunFields : kRunFields}}}
          pageInfo{endCursor hasNextPage}}}}`,
      {
        entity,
        project,
        filters: options.filters ?? '{}',
        order: options.order ?? '-created_at',
        first: options.first ?? 50,
        after: options.after ?? null,
      },
      signal,
    );
    if (!data.project) throw notFound(`No project “${project}” of “${entity}” is visible to you.`);
    return {
      items: nodes(data.project.runs).map(toRun),
      total: data.project.runCount,
      next: nextCursor(data.project.runs),
    };
  }

  /** The named runs of a project, or those of them that belong to a sweep, in no particular order. */
  async runsNamed(entity: string, project: string, names: string[], sweep?: string): Promise<Run[]> {
    const found: Run[] = [];
    for (let from = 0; from < names.length; from += 200) {
      const part = names.slice(from, from + 200);
      const filters = JSON.stringify({ name: { $in: part }, ...(sweep === undefined ? {} : { sweep }) });
      found.push(...(await this.runs(entity, project, { filters, first: part.length, ofSweep: sweep !== undefined })).items);
    }
    return found;
  }

  async run(entity: string, project: string, name: string): Promise<RunDetail> {
    interface Node extends RunNode {
      historyKeys: unknown;
      logLineCount: number | null;
    }
    const data = await this.api.query<{ project: { run: Node | null } | null }>(
      `query PageRun($entity:String!,$project:String!,$name:String!){project(name:$project,entityName:$entity){
        run(name:$name){${kRunFields} historyKeys logLineCount}}}`,
      { entity, project, name },
    );
    const node = data.project?.run;
    if (!node) throw notFound(`No run “${name}” is visible to you in ${entity}/${project}.`);
    return { run: toRun(node), historyKeys: node.historyKeys, logLines: node.logLineCount ?? 0 };
  }

  /**
   * For each key the rows that hold it, at most `samples`, with the x key beside it; `maxStep` is within the range.
   * Of more rows those with the lowest and the highest values are taken, so that no spike is lost. With `smooth`, a weight,
   * the running average of all rows of the run stands beside each.
   */
  async sampled(entity: string, project: string, run: string, keys: string[], xKey: string, samples: number, options: { minStep?: number; maxStep?: number; smooth?: number } = {}): Promise<Map<string, unknown[]>> {
    const specs = keys.map((key) => JSON.stringify({ keys: [...new Set(['_step', xKey, key])], extremes: key, samples, ...options }));
    const data = await this.api.query<{ project: { run: { sampledHistory: unknown[][] } | null } | null }>(
      `query PageSampled($entity:String!,$project:String!,$run:String!,$specs:[JSONString!]!){
        project(name:$project,entityName:$entity){run(name:$run){sampledHistory(specs:$specs)}}}`,
      { entity, project, run, specs },
    );
    const lists = data.project?.run?.sampledHistory ?? [];
    return new Map(keys.map((key, i) => [key, Array.isArray(lists[i]) ? lists[i] : []]));
  }

  /** Rows from `minStep` on, ascending, at most `limit`. */
  async historyFrom(entity: string, project: string, run: string, minStep: number, limit: number): Promise<unknown[]> {
    const data = await this.api.query<{ project: { run: { history: string[] | null } | null } | null }>(
      `query PageHistory($entity:String!,$project:String!,$run:String!,$min:Int64!,$max:Int64!,$limit:Int!){
        project(name:$project,entityName:$entity){run(name:$run){history(minStep:$min,maxStep:$max,samples:$limit)}}}`,
      { entity, project, run, min: minStep, max: minStep + limit, limit },
    );
    return parseRows(data.project?.run?.history);
  }

  /** Which keys the run has logged, and its last step. */
  async historyKeys(entity: string, project: string, run: string): Promise<unknown> {
    const data = await this.api.query<{ project: { run: { historyKeys: unknown } | null } | null }>(
      `query PageHistoryKeys($entity:String!,$project:String!,$run:String!){
        project(name:$project,entityName:$entity){run(name:$run){historyKeys}}}`,
      { entity, project, run },
    );
    return data.project?.run?.historyKeys;
  }

  async systemEvents(entity: string, project: string, run: string, samples: number): Promise<unknown[]> {
    const data = await this.api.query<{ project: { run: { events: string[] | null } | null } | null }>(
      `query PageEvents($entity:String!,$project:String!,$run:String!,$samples:Int){
        project(name:$project,entityName:$entity){run(name:$run){events(samples:$samples)}}}`,
      { entity, project, run, samples },
    );
    return parseRows(data.project?.run?.events);
  }

  async logTail(entity: string, project: string, run: string, last: number): Promise<{ count: number; lines: LogLine[] }> {
    const data = await this.api.query<{ project: { run: { logLineCount: number | null; logLines: Connection<LogLine> | null } | null } | null }>(
      `query PageLogTail($entity:String!,$project:String!,$run:String!,$last:Int!){
        project(name:$project,entityName:$entity){run(name:$run){logLineCount
          logLines(last:$last){edges{node{number timestamp level label line}}}}}}`,
      { entity, project, run, last },
    );
    const node = data.project?.run;
    return { count: node?.logLineCount ?? 0, lines: nodes(node?.logLines) };
  }

  async files(entity: string, project: string, run: string): Promise<FileRow[]> {
    interface Node {
      name: string;
      url: string | null;
      directUrl: string | null;
      sizeBytes: number | string | null;
      mimetype: string | null;
      updatedAt: string | null;
    }
    const rows: FileRow[] = [];
    let after: string | null = null;
    do {
      const data: { project: { run: { files: Connection<Node> } | null } | null } = await this.api.query(
        `query PageFiles($entity:String!,$project:String!,$run:String!,$after:String){
          project(name:$project,entityName:$entity){run(name:$run){files(first:200,after:$after){
            edges{node{name url directUrl sizeBytes mimetype updatedAt} cursor} pageInfo{endCursor hasNextPage}}}}}`,
        { entity, project, run, after },
      );
      const files = data.project?.run?.files;
      for (const node of nodes(files)) {
        rows.push({
          name: node.name,
          url: node.directUrl ?? node.url ?? '',
          size: Number(node.sizeBytes ?? NaN),
          type: node.mimetype ?? '',
          updated: node.updatedAt,
        });
      }
      after = nextCursor(files);
    } while (after && rows.length < 2000);
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private static sweepFields = 'id name displayName state method config bestLoss createdAt runCount runCountExpected why';

  async sweeps(entity: string, project: string, after: string | null): Promise<Page<SweepRow>> {
    const data = await this.api.query<{ project: { totalSweeps: number; sweeps: Connection<SweepNode> } | null }>(
      `query PageSweeps($entity:String!,$project:String!,$after:String){project(name:$project,entityName:$entity){
        totalSweeps sweeps(first:50,after:$after){edges{node{${Queries.sweepFields}}} pageInfo{endCursor hasNextPage}}}}`,
      { entity, project, after },
    );
    if (!data.project) throw notFound(`No project “${project}” of “${entity}” is visible to you.`);
    return {
      items: nodes(data.project.sweeps).map(toSweep),
      total: data.project.totalSweeps,
      next: nextCursor(data.project.sweeps),
    };
  }

  async sweep(entity: string, project: string, name: string): Promise<{ sweep: SweepRow; agents: AgentRow[] }> {
    interface AgentNode {
      id: string;
      name: string;
      host: string;
      state: string | null;
      totalRuns: number;
      heartbeatAt: string | null;
      why: string | null;
    }
    const data = await this.api.query<{ project: { sweep: (SweepNode & { agents: Connection<AgentNode> | null }) | null } | null }>(
      `query PageSweep($entity:String!,$project:String!,$name:String!){project(name:$project,entityName:$entity){
        sweep(sweepName:$name){${Queries.sweepFields}
          agents{edges{node{id name host state totalRuns heartbeatAt why}}}}}}`,
      { entity, project, name },
    );
    const node = data.project?.sweep;
    if (!node) throw notFound(`No sweep “${name}” is visible to you in ${entity}/${project}.`);
    const agents = nodes(node.agents).map((agent) => ({
      id: agent.id,
      name: agent.name,
      host: agent.host,
      state: (agent.state ?? '').toLowerCase(),
      totalRuns: agent.totalRuns,
      heartbeat: agent.heartbeatAt,
      why: agent.why ?? '',
    }));
    return { sweep: toSweep(node), agents };
  }

  /** Why each run of a sweep is there, and why it ended. */
  async sweepReasons(entity: string, project: string, name: string): Promise<Reasons> {
    const data = await this.api.query<{ project: { sweep: { points: unknown } | null } | null }>(
      `query PageSweepPoints($entity:String!,$project:String!,$name:String!){project(name:$project,entityName:$entity){
        sweep(sweepName:$name){points}}}`,
      { entity, project, name },
    );
    return toReasons(data.project?.sweep?.points);
  }

  /** What the sweep's model has learned; with `pair` also the contour of these two parameters. */
  async insights(entity: string, project: string, name: string, pair: [string, string] | null): Promise<Insights> {
    const path = ['/api/sweeps', ...[entity, project, name].map(encodeURIComponent), 'insights'].join('/');
    const query = pair ? `?${pair.map((name) => `contour=${encodeURIComponent(name)}`).join('&')}` : '';
    return toInsights(await this.api.get(path + query));
  }

  /** Pauses (PAUSED), resumes (RUNNING), stops (FINISHED) or cancels (CANCELED) a sweep by its storage id. */
  async setSweepState(id: string, entity: string, project: string, state: string): Promise<void> {
    await this.api.query(
      `mutation PageSweepState($id:ID,$state:String,$entity:String,$project:String){
        upsertSweep(input:{id:$id,state:$state,entityName:$entity,projectName:$project}){sweep{name}}}`,
      { id, state, entity, project },
    );
  }
}

interface SweepNode {
  id: string;
  name: string;
  displayName: string | null;
  state: string;
  method: string;
  config: string;
  bestLoss: number | null;
  createdAt: string;
  runCount: number;
  runCountExpected: number | null;
  why: string | null;
}

function toSweep(node: SweepNode): SweepRow {
  const plan = parseSweepConfig(node.config ?? '');
  return {
    id: node.id,
    name: node.name,
    title: node.displayName || plan.name || node.name,
    state: node.state.toLowerCase(),
    method: node.method,
    config: node.config ?? '',
    plan,
    best: typeof node.bestLoss === 'number' ? node.bestLoss : null,
    created: node.createdAt,
    runCount: node.runCount,
    expected: node.runCountExpected ?? plan.runCap,
    why: node.why ?? '',
  };
}

function nextCursor(connection: Connection<unknown> | null | undefined): string | null {
  if (!connection?.pageInfo?.hasNextPage) return null;
  return connection.pageInfo.endCursor ?? connection.edges.at(-1)?.cursor ?? null;
}

export function notFound(message: string): ApiError {
  return new ApiError(message, 'forbidden', 404);
}

/** The words of anything that was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : isObject(cause) ? JSON.stringify(cause) : String(cause);
}
