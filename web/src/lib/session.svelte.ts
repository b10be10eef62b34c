// Who is signed in. The key stays in this browser; a key is kept only after the server has accepted it.

import { Api, ApiError, isSendableKey, serverUrl } from './graphql';
import { Batcher, LiveFeed, type Batch, type LiveState } from './live';
import { Queries, messageOf, type Viewer } from './queries';

const kKeyName = 'regatta.key';

export type SessionState = 'checking' | 'in' | 'out' | 'unreachable';

class Session {
  state = $state<SessionState>('checking');
  viewer = $state<Viewer | null>(null);
  /** Why one has to sign in again, or what is wrong with the server. */
  message = $state('');
  live = $state<LiveState>('off');
  key = '';

  readonly api = new Api(() => this.key);
  readonly queries = new Queries(this.api);

  constructor() {
    this.key = readKey();
    this.api.onUnauthorized = () => {
      if (this.state !== 'in') return;
      this.forget();
      this.message = 'Your API key is no longer accepted. It may have been revoked; sign in with another one.';
    };
  }

  /** Finds out on the first load: a kept key, or a server that asks for none. */
  async check(): Promise<void> {
    this.state = 'checking';
    this.message = '';
    try {
      const viewer = await this.queries.viewer();
      if (viewer) {
        this.viewer = viewer;
        this.state = 'in';
        return;
      }
      this.forget();
    } catch (cause) {
      if (cause instanceof ApiError && cause.kind === 'auth') {
        if (this.key) this.message = 'The API key kept in this browser is no longer accepted.';
        this.forget();
        return;
      }
      this.message = messageOf(cause);
      this.state = 'unreachable';
    }
  }

  /** Throws an Error with a sentence for the person if the key is not good. */
  async signIn(text: string): Promise<void> {
    const key = text.trim();
    if (!key) throw new Error('Enter an API key.');
    if (!isSendableKey(key)) throw new Error('An API key holds no spaces and only plain letters, digits and signs. Was something else pasted?');
    const candidate = new Queries(new Api(() => key));
    let viewer: Viewer | null;
    try {
      viewer = await candidate.viewer();
    } catch (cause) {
      if (cause instanceof ApiError && cause.kind === 'auth') throw new Error(kRefused, { cause });
      throw cause;
    }
    if (!viewer) throw new Error(kRefused);
    this.key = key;
    writeKey(key);
    this.viewer = viewer;
    this.message = '';
    this.state = 'in';
  }

  signOut(): void {
    this.forget();
    this.message = '';
  }

  private forget(): void {
    this.key = '';
    writeKey('');
    this.viewer = null;
    this.state = 'out';
  }

  /**
   * Tells `handle` what changes in a project (or in one of its runs) until the returned function is called.
   * A hidden tab gives its connection back, since a browser has only six for one host, and catches up on return.
   */
  follow(entity: string, project: string, run: string | null, handle: (batch: Batch) => unknown): () => void {
    const feed = new LiveFeed({
      ticket: async () => {
        const response = await this.api.post('/api/live-ticket', {});
        if (!response.ok) throw new ApiError('No live updates', 'server', response.status);
        return ((await response.json()) as { ticket: string }).ticket;
      },
      open: (ticket) => {
        const query = new URLSearchParams({ project: `${entity}/${project}`, ticket });
        if (run !== null) query.set('run', run);
        return new EventSource(serverUrl('/api/live?' + query.toString())) as never;
      },
      handle,
      onState: (state) => (this.live = state),
    });
    const onVisibility = () => {
      if (document.visibilityState === 'hidden') feed.pause();
      else feed.start();
    };
    document.addEventListener('visibilitychange', onVisibility);
    feed.start();
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      feed.close();
    };
  }

  /** Asks again every five seconds, for pages that no stream serves. */
  poll(handle: () => unknown): () => void {
    const batcher = new Batcher(handle, 0);
    const timer = window.setInterval(() => {
      if (document.visibilityState === 'visible') batcher.everything();
    }, 5000);
    return () => {
      window.clearInterval(timer);
      batcher.close();
    };
  }
}

const kRefused = 'The server does not know this key. Copy it again: `regatta key create` makes a new one, and the first key lies in the file api-key of the data folder.';

function readKey(): string {
  try {
    return localStorage.getItem(kKeyName) ?? '';
  } catch {
    return '';
  }
}

function writeKey(key: string): void {
  try {
    if (key) localStorage.setItem(kKeyName, key);
    else localStorage.removeItem(kKeyName);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

export const session = new Session();
