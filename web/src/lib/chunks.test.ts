import { describe, expect, it } from 'vitest';
import { chunkWindow, chunksByNumber, joinChunks } from './chunks';

const lines = (...numbers: number[]) => numbers.map((number) => ({ number }));

describe('chunks of lines', () => {
  it('go by number, so they stay when lines come at either end', () => {
    expect(chunksByNumber(lines(98, 99, 100, 101)).map((c) => [c.key, c.items.length])).toEqual([[0, 2], [1, 2]]);
    expect(chunksByNumber(lines(97, 98, 99, 100, 101, 102)).map((c) => c.key)).toEqual([0, 1]);
    expect(chunksByNumber([])).toEqual([]);
  });
  it('of a filtered list are joined until full', () => {
    const few = joinChunks(chunksByNumber(lines(5, 350, 720)));
    expect(few.map((c) => c.items.length)).toEqual([3]);
    const full = joinChunks(chunksByNumber(Array.from({ length: 250 }, (_, i) => ({ number: i }))));
    expect(full.map((c) => c.items.length)).toEqual([100, 100, 50]);
  });
});

describe('the chunks in view', () => {
  const heights = Array.from({ length: 1000 }, () => 1900);
  it('are few, and the rest keeps its room', () => {
    const seen = chunkWindow(heights, 950_000, 600);
    expect(seen.last - seen.first).toBeLessThan(5);
    expect(seen.above_px + seen.below_px + (seen.last - seen.first) * 1900).toBe(1_900_000);
    expect(seen.above_px).toBeLessThanOrEqual(950_000);
  });
  it('reach both ends', () => {
    expect(chunkWindow(heights, 0, 600)).toMatchObject({ first: 0, above_px: 0 });
    expect(chunkWindow(heights, 1e9, 600)).toMatchObject({ last: 1000, below_px: 0 });
    expect(chunkWindow([], 0, 600)).toEqual({ first: 0, last: 0, above_px: 0, below_px: 0 });
  });
});
