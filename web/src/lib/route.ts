// Addresses of pages. They are what clients print, so they never change.

export type RunTab = 'charts' | 'logs' | 'system' | 'files' | 'config';

export type Route =
  | { page: 'home' }
  | { page: 'login' }
  | { page: 'authorize' }
  | { page: 'settings' }
  | { page: 'projects'; entity: string }
  | { page: 'project'; entity: string; project: string }
  | { page: 'run'; entity: string; project: string; run: string; tab: RunTab }
  | { page: 'sweeps'; entity: string; project: string }
  | { page: 'sweep'; entity: string; project: string; sweep: string }
  | { page: 'unknown'; path: string };

const kRunTabs: readonly string[] = ['charts', 'logs', 'system', 'files', 'config'];

export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, project, kind, id, tab] = parts.map(decodePart);
  if (first === undefined) return { page: 'home' };
  if (parts.length === 1) {
    if (first === 'login' || first === 'authorize' || first === 'settings') return { page: first };
    return { page: 'projects', entity: first };
  }
  const entity = first;
  if (project === undefined) return { page: 'unknown', path };
  if (kind === undefined || (parts.length === 3 && (kind === 'workspace' || kind === 'table' || kind === 'runs'))) {
    return { page: 'project', entity, project };
  }
  if (kind === 'sweeps' && parts.length === 3) return { page: 'sweeps', entity, project };
  if (kind === 'sweeps' && id !== undefined) return { page: 'sweep', entity, project, sweep: id };
  if (kind === 'runs' && id !== undefined && parts.length <= 5) {
    const known = tab !== undefined && kRunTabs.includes(tab);
    return { page: 'run', entity, project, run: id, tab: known ? (tab as RunTab) : 'charts' };
  }
  return { page: 'unknown', path };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function join(...parts: string[]): string {
  return '/' + parts.map(encodeURIComponent).join('/');
}

export const projectsPath = (entity: string) => join(entity);
export const projectPath = (entity: string, project: string) => join(entity, project);
export const sweepsPath = (entity: string, project: string) => join(entity, project, 'sweeps');
export const sweepPath = (entity: string, project: string, sweep: string) => join(entity, project, 'sweeps', sweep);
export const runPath = (entity: string, project: string, run: string, tab: RunTab = 'charts') =>
  tab === 'charts' ? join(entity, project, 'runs', run) : join(entity, project, 'runs', run, tab);
