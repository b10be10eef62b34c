import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Api, ApiError, isSendableKey } from './graphql';
import { parseRoute, projectPath, runPath, sweepPath, sweepsPath } from './route';

describe('addresses', () => {
  it('are those that clients print', () => {
    expect(runPath('ada', 'digits', 'r1')).toBe('/ada/digits/runs/r1');
    expect(sweepPath('ada', 'digits', 's1')).toBe('/ada/digits/sweeps/s1');
    expect(sweepsPath('ada', 'digits')).toBe('/ada/digits/sweeps');
    expect(parseRoute('/ada/digits')).toEqual({ page: 'project', entity: 'ada', project: 'digits' });
    expect(parseRoute('/ada/digits/workspace')).toEqual({ page: 'project', entity: 'ada', project: 'digits' });
    expect(parseRoute('/authorize')).toEqual({ page: 'authorize' });
    expect(parseRoute('/')).toEqual({ page: 'home' });
    expect(parseRoute('/ada')).toEqual({ page: 'projects', entity: 'ada' });
  });
  it('lead back to where they came from, whatever the names hold', () => {
    const [entity, project, run] = ['my team', 'Größe & more', 'a b=c'];
    expect(parseRoute(runPath(entity, project, run, 'logs'))).toEqual({ page: 'run', entity, project, run, tab: 'logs' });
    expect(parseRoute(projectPath(entity, project))).toEqual({ page: 'project', entity, project });
  });
  it('that mean nothing are said to, and broken escapes do not throw', () => {
    expect(parseRoute('/ada/digits/reports/x').page).toBe('unknown');
    expect(parseRoute('/%E0%A4%A').page).toBe('projects');
  });
});

describe('Api', () => {
  const answer = (status: number, body: string) => new Api(() => 'k', () => Promise.resolve(new Response(body, { status })));
  it('sends the key and the name of the operation', async () => {
    let sent: RequestInit | undefined;
    const api = new Api(() => 'secret', (_, init) => ((sent = init), Promise.resolve(new Response('{"data":{"a":1}}'))));
    await expect(api.query('query Name($x:Int){a}', { x: 1 })).resolves.toEqual({ a: 1 });
    expect(sent?.headers).toMatchObject({ Authorization: 'Bearer secret' });
    expect(JSON.parse(String(sent?.body))).toMatchObject({ operationName: 'Name', variables: { x: 1 } });
  });
  it('turns a refused key into its own kind of error and tells the session', async () => {
    const api = answer(401, '{"errors":[]}');
    let told = false;
    api.onUnauthorized = () => (told = true);
    await expect(api.query('{a}')).rejects.toMatchObject({ kind: 'auth', status: 401 });
    expect(told).toBe(true);
  });
  it('gives the words of the server, or a sentence of its own', async () => {
    await expect(answer(200, '{"errors":[{"message":"no such field"}]}').query('{a}')).rejects.toThrow('no such field');
    await expect(answer(502, '<html>').query('{a}')).rejects.toThrow('status 502');
    await expect(answer(200, '{"data":null}').query('{a}')).rejects.toBeInstanceOf(ApiError);
    const down = new Api(() => '', () => Promise.reject(new TypeError('failed')));
    await expect(down.query('{a}')).rejects.toMatchObject({ kind: 'network' });
  });
  it('knows which keys can travel in a header', () => {
    expect(isSendableKey('a'.repeat(40))).toBe(true);
    expect(isSendableKey('schlüssel')).toBe(false);
    expect(isSendableKey('two words')).toBe(false);
  });
});

it('the lock file names no address (`npm run lock` strips them)', () => {
  expect(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')).not.toContain('://');
});
