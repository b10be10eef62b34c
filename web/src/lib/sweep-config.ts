// What the page reads in the text of a sweep: its goal, its parameters, how they are drawn. Everything else is the server's business.

import { load } from 'js-yaml';
import { isObject, parseLoose } from './json';

export interface Objective {
  metric: string;
  maximize: boolean;
}

/** How a sweep draws a parameter: on a logarithmic scale, on another one, or from a list that does not say. */
export type Scale = 'log' | 'linear' | 'list';

export interface SweepConfig {
  name: string;
  /** The first one, if there are several. */
  objective: Objective | null;
  /** The most runs that there shall be, or null. */
  runCap: number | null;
  /** Leaves of the parameters, nested ones as `net.depth`, in the order of the file. */
  parameters: Map<string, Scale>;
}

/** Reads YAML or JSON. A text that is neither, which the server would not have taken, reads as an empty one. */
export function parseSweepConfig(text: string): SweepConfig {
  const found: SweepConfig = { name: '', objective: null, runCap: null, parameters: new Map() };
  const told = parseLoose(text) ?? parseYaml(text);
  if (!isObject(told)) return found;
  if (typeof told['name'] === 'string') found.name = told['name'];
  if (typeof told['run_cap'] === 'number') found.runCap = told['run_cap'];
  const goals = Array.isArray(told['metrics']) ? told['metrics'] : [told['metric']];
  const goal = goals.find(isObject);
  if (goal && typeof goal['name'] === 'string') found.objective = { metric: goal['name'], maximize: goal['goal'] === 'maximize' };
  readParameters(told['parameters'], '', found.parameters);
  return found;
}

function parseYaml(text: string): unknown {
  try {
    return load(text);
  } catch {
    return null;
  }
}

function readParameters(block: unknown, prefix: string, into: Map<string, Scale>): void {
  if (!isObject(block)) return;
  for (const [name, entry] of Object.entries(block)) {
    if (isObject(entry) && isObject(entry['parameters'])) readParameters(entry['parameters'], `${prefix}${name}.`, into);
    else into.set(prefix + name, scaleOf(entry));
  }
}

function scaleOf(entry: unknown): Scale {
  if (!isObject(entry)) return 'list';
  const distribution = entry['distribution'];
  if (typeof distribution === 'string' && distribution.includes('log')) return 'log';
  return 'values' in entry || 'value' in entry ? 'list' : 'linear';
}
