// JSON as training code writes it: NaN and the infinities as bare words, objects in objects.

/** Parses JSON that may hold bare NaN, Infinity and -Infinity; those become the strings of that name. */
export function parseLoose(text: string | null | undefined): unknown {
  if (text == null || text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    );
    try {
      return JSON.parse(strict);
    } catch {
      return null;
    }
  }
}

export type Flat = Record<string, unknown>;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** {a: {b: 1}} as {"a.b": 1}. An object with a `_type` is one value (a picture, a table, a histogram). */
export function flatten(value: unknown, prefix = '', into: Flat = {}): Flat {
  if (!isObject(value)) return into;
  for (const [name, child] of Object.entries(value)) {
    const key = prefix + name;
    if (isObject(child) && !('_type' in child) && Object.keys(child).length > 0) flatten(child, key + '.', into);
    else into[key] = child;
  }
  return into;
}

/** A number, or NaN for the words that stand for one, or null for everything that is no number. */
export function asNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  if (value === '-Infinity') return -Infinity;
  return null;
}
