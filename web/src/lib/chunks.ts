// A long list of lines of different heights, in chunks: which of them are near the window, and how tall the rest is.

export interface Chunk<T> {
  key: number;
  items: T[];
}

export const kChunkLength = 100;

/** Lines in chunks by their number, so that a chunk stays the same when lines are added at either end. */
export function chunksByNumber<T extends { number: number }>(lines: readonly T[]): Chunk<T>[] {
  const chunks: Chunk<T>[] = [];
  for (const line of lines) {
    const key = Math.floor(line.number / kChunkLength);
    const last = chunks.at(-1);
    if (last?.key === key) last.items.push(line);
    else chunks.push({ key, items: [line] });
  }
  return chunks;
}

/** Neighbours together until a chunk is full: of a filtered list few lines share a hundred. */
export function joinChunks<T>(chunks: Chunk<T>[]): Chunk<T>[] {
  const joined: Chunk<T>[] = [];
  for (const chunk of chunks) {
    const last = joined.at(-1);
    if (last && last.items.length + chunk.items.length <= kChunkLength) last.items.push(...chunk.items);
    else joined.push({ key: chunk.key, items: [...chunk.items] });
  }
  return joined;
}

export interface ChunkWindow {
  first: number;
  last: number;
  above_px: number;
  below_px: number;
}

/** The chunks that a window of `height` px at `top` shows, with `spare` px on both sides. */
export function chunkWindow(heights: readonly number[], top: number, height: number, spare = 800): ChunkWindow {
  let first = 0;
  let above_px = 0;
  while (first < heights.length - 1 && above_px + heights[first]! < top - spare) above_px += heights[first++]!;
  let last = first;
  let end = above_px;
  while (last < heights.length && end < top + height + spare) end += heights[last++]!;
  let below_px = 0;
  for (let i = last; i < heights.length; i += 1) below_px += heights[i]!;
  return { first, last, above_px, below_px };
}
