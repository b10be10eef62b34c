// The end of a run's console output. Lines are known by their number; a line can be rewritten later.

export interface LogLine {
  number: number;
  timestamp: string | null;
  level: string | null;
  label: string | null;
  line: string;
}

/** Puts newly fetched lines over the known ones by number. Both are ascending, and so is the result. */
export function mergeLines(known: LogLine[], fetched: LogLine[]): LogLine[] {
  if (fetched.length === 0) return known;
  const first = fetched[0]!.number;
  const last = fetched.at(-1)!.number;
  return [...known.filter((line) => line.number < first), ...fetched, ...known.filter((line) => line.number > last)];
}

/** How many lines of the end to ask for so that nothing is missing between the known ones and the new end. */
export function tailToAsk(known: LogLine[], lineCount: number, always = 50): number {
  const lastKnown = known.at(-1)?.number ?? -1;
  return Math.max(always, lineCount - lastKnown - 1 + always);
}
