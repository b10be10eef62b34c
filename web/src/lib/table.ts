// How wide the columns of a long table are, and which of its rows are in view.

import { columnValue, headerLabel } from './columns';
import { formatValue } from './format';
import type { Run } from './runs';

const kCharacter_px = 7.9;
const kPadding_px = 25;
/** Looking at every row of thousands would cost more than a cut-off value once in a while. */
const kRowsLookedAt = 250;

const kFixed: Record<string, number> = { name: 210, state: 122, created: 108, duration: 104, sweep: 112, why: 340 };

/** A width in px for each column: what its values need, within bounds, and never less than in `known`. */
export function columnWidths(runs: Run[], columns: string[], known: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const widths = new Map(known);
  const every = Math.max(1, Math.ceil(runs.length / kRowsLookedAt));
  for (const column of columns) {
    let wanted = kFixed[column];
    if (wanted === undefined) {
      let longest = headerLabel(column, columns).length + 4;
      for (let i = 0; i < runs.length; i += every) longest = Math.max(longest, formatValue(columnValue(runs[i]!, column)).length);
      wanted = Math.round(Math.min(30, Math.max(5, longest)) * kCharacter_px + kPadding_px);
    }
    widths.set(column, Math.max(wanted, widths.get(column) ?? 0));
  }
  return widths;
}

/** The rows to hold when `top` px of the table are scrolled away, with some above and below. */
export function rowWindow(count: number, rowHeight: number, top: number, height: number, spare = 10): { first: number; last: number } {
  const visible = Math.ceil(height / rowHeight);
  const first = Math.min(Math.max(0, Math.floor(top / rowHeight) - spare), Math.max(0, count - visible));
  return { first, last: Math.min(count, first + visible + 2 * spare) };
}
