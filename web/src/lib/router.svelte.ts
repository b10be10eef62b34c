// Where the reader is. The address bar is the only state; links are ordinary links.

import { parseRoute } from './route';

class Location {
  path = $state(window.location.pathname);
  search = $state(window.location.search);
  route = $derived(parseRoute(this.path));
  query = $derived(new URLSearchParams(this.search));
}

export const place = new Location();

function read(): void {
  place.path = window.location.pathname;
  place.search = window.location.search;
}

export function go(to: string, options: { replace?: boolean } = {}): void {
  const leaves = new URL(to, window.location.href).pathname !== window.location.pathname;
  if (options.replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  read();
  if (leaves && !options.replace) {
    window.scrollTo(0, 0);
    // After a click the focus is on a link that is gone; the heading of the new page takes it.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }));
  }
}

/** Changes pairs of the query string; null or '' drops one. Replaces the entry, so Back leaves the page. */
export function setQuery(changes: Record<string, string | null>, options: { push?: boolean } = {}): void {
  const query = new URLSearchParams(window.location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  go(window.location.pathname + (text ? '?' + text : ''), { replace: !options.push });
}

/** Lets plain clicks on links of this page change the route without loading it anew. */
export function watchLinks(): void {
  window.addEventListener('popstate', read);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (!link.hasAttribute('data-page')) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
