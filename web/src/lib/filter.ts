// The filter box: `resnet state:running tag:baseline config.lr<0.1 summary.loss<=0.3`, as the server's filter document.

export interface FilterResult {
  filters: string;
  /** What could not be understood, in words for the person; empty if all was. */
  problem: string;
}

const kOperators: Record<string, string> = { '=': '$eq', '!=': '$ne', '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' };
const kStates = new Set(['running', 'finished', 'failed', 'crashed', 'killed', 'pending', 'preempting', 'preempted']);

type Clause = Record<string, unknown>;

/** Words must all match the name or id; `key:value` and `config.x<1` narrow further. */
export function parseFilter(text: string, state = ''): FilterResult {
  const clauses: Clause[] = [];
  const problems: string[] = [];
  if (state) clauses.push({ state });
  for (const token of tokens(text)) {
    const clause = tokenClause(token);
    if (typeof clause === 'string') problems.push(clause);
    else clauses.push(clause);
  }
  const filters = clauses.length === 0 ? '{}' : JSON.stringify(clauses.length === 1 ? clauses[0] : { $and: clauses });
  return { filters, problem: problems.join(' ') };
}

/** Splits at spaces, but not inside double quotes; the quotes go away. */
export function tokens(text: string): string[] {
  const found = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return found.map((token) => token.replaceAll('"', '')).filter((token) => token !== '');
}

function tokenClause(token: string): Clause | string {
  const comparison = /^((?:config|summary)\.[^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/.exec(token);
  if (comparison) {
    const [, key = '', operator = '=', value = ''] = comparison;
    if (value === '') return `“${token}” needs a value.`;
    const field = key.startsWith('summary.') ? 'summary_metrics.' + key.slice('summary.'.length) : key;
    return { [field]: { [kOperators[operator] ?? '$eq']: literal(value) } };
  }
  // Names hold equals signs, but hardly these; and nobody looks for one by them.
  const bare = /^([^<>!]+)(<=|>=|!=|<|>)/.exec(token);
  if (bare) return `“${token}” says neither of what: write summary.${token} for a result or config.${token} for a parameter.`;
  const pair = /^(state|tag|sweep|group|user|id):(.*)$/.exec(token);
  if (pair) return pairClause(pair[1] ?? '', pair[2] ?? '');
  const pattern = `(?i)${escapePattern(token)}`;
  return { $or: [{ display_name: { $regex: pattern } }, { name: { $regex: pattern } }] };
}

function pairClause(key: string, value: string): Clause | string {
  const values = value.split(',').filter((v) => v !== '');
  if (values.length === 0) return `“${key}:” needs a value.`;
  if (key === 'state') {
    const unknown = values.find((v) => !kStates.has(v));
    if (unknown) return `No state is called “${unknown}”; there are ${[...kStates].join(', ')}.`;
  }
  const field = { tag: 'tags', user: 'username', id: 'name' }[key] ?? key;
  return { [field]: values.length === 1 ? values[0] : { $in: values } };
}

function literal(value: string): unknown {
  if (value === 'true') return true;
  if (value === 'false') return false;
  if (value !== '' && Number.isFinite(Number(value))) return Number(value);
  return value;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
