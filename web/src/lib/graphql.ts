// One GraphQL endpoint, the same that every client of the server talks to.

export type ErrorKind = 'auth' | 'forbidden' | 'network' | 'server' | 'graphql';

/** What went wrong, in words for the person, and of which kind, for the code. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly kind: ErrorKind,
    readonly status = 0,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

interface Reply<T> {
  data?: T | null;
  errors?: { message?: string }[] | null;
}

/** The address of `path` on the server, below the prefix under which the page is served. */
export function serverUrl(path: string): string {
  return import.meta.env.BASE_URL.replace(/\/$/, '') + path;
}

/** A key can only travel in a header if it is printable ASCII without spaces. */
export function isSendableKey(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

export class Api {
  /** Called when the server no longer accepts the key of a request. */
  onUnauthorized: () => void = () => {};

  constructor(
    private readonly key: () => string,
    private readonly send: Fetch = (input, init) => fetch(input, init),
  ) {}

  headers(): Record<string, string> {
    const key = this.key();
    return key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** Runs one operation. Throws ApiError; never answers with half of the data. */
  async query<T>(document: string, variables: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T> {
    const operationName = /\b(?:query|mutation)\s+(\w+)/.exec(document)?.[1];
    const response = await this.post('/graphql', { query: document, variables, operationName }, signal);
    const text = await response.text();
    let reply: Reply<T>;
    try {
      reply = JSON.parse(text) as Reply<T>;
    } catch {
      throw new ApiError(statusSentence(response.status, text), 'server', response.status);
    }
    const problem = reply.errors?.map((e) => e.message ?? 'unknown error').join('; ');
    if (problem) {
      const kind: ErrorKind = response.status === 403 ? 'forbidden' : response.ok ? 'graphql' : 'server';
      throw new ApiError(problem, kind, response.status);
    }
    if (!response.ok || reply.data == null) {
      throw new ApiError(statusSentence(response.status, ''), 'server', response.status);
    }
    return reply.data;
  }

  /** GETs JSON. Throws ApiError with the server's own sentence. */
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    const response = await this.request(path, { headers: this.headers() }, signal);
    const text = await response.text();
    let answer: unknown = null;
    try {
      answer = JSON.parse(text);
    } catch {
      if (response.ok) throw new ApiError(statusSentence(response.status, text), 'server', response.status);
    }
    if (!response.ok) {
      const problem = (answer as Reply<unknown> | null)?.errors?.map((e) => e.message ?? 'unknown error').join('; ');
      throw new ApiError(problem || statusSentence(response.status, text), 'server', response.status);
    }
    return answer;
  }

  /** POSTs JSON; a refused key and an unreachable server become an ApiError here. */
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return this.request(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...this.headers() }, body: JSON.stringify(body) }, signal);
  }

  private async request(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await this.send(serverUrl(path), { ...init, signal: signal ?? null, credentials: 'omit' });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ApiError('The server does not answer. Is `regatta serve` running, and is the network up?', 'network');
    }
    if (response.status === 401) {
      this.onUnauthorized();
      throw new ApiError('The server does not accept this API key.', 'auth', 401);
    }
    return response;
  }
}

function statusSentence(status: number, body: string): string {
  const detail = body.trim() && !body.trimStart().startsWith('<') ? `: ${body.trim().slice(0, 300)}` : '';
  if (status === 200) return `The server's answer is not what this page understands${detail}`;
  return `The server answered with status ${status}${detail}`;
}
