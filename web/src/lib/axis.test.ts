import { describe, expect, it } from 'vitest';
import { atLeastVisible, multiples, withMargin } from './axis';

describe('atLeastVisible', () => {
  it('leaves a range that marks can divide as it is', () => {
    expect(atLeastVisible(0, 1)).toEqual([0, 1]);
    expect(atLeastVisible(-1e-300, 1e-300)).toEqual([-1e-300, 1e-300]);
    expect(atLeastVisible(5, 5)).toEqual([5, 5]);
  });
  it('widens what differs only where doubles end, around the same middle', () => {
    for (const [low, high] of [[0.99999994, 1], [1, 1.00000012], [1, 0.9999997], [2, 2.00000024], [-1e20, -1e20 + 1e5]] as const) {
      const [from, to] = atLeastVisible(Math.min(low, high), Math.max(low, high));
      expect(to - from).toBeGreaterThan(0.99e-6 * Math.abs(low));
      expect(from).toBeLessThanOrEqual(Math.min(low, high));
      expect(to).toBeGreaterThanOrEqual(Math.max(low, high));
    }
  });
  it('keeps room for a margin around the largest doubles', () => {
    const [low, high] = atLeastVisible(-Number.MAX_VALUE, Number.MAX_VALUE);
    expect(Number.isFinite((high - low) * 1.2)).toBe(true);
  });
});

describe('withMargin', () => {
  it('adds a tenth, but does not cross zero', () => {
    expect(withMargin(1, 2)).toEqual([0.9, 2.1]);
    expect(withMargin(0.05, 1)[0]).toBe(0);
    expect(withMargin(-1, -0.05)[1]).toBe(0);
  });
  it('is never empty', () => {
    for (const [low, high] of [[3, 3], [0, 0], [-2, -2], [1, 1 + Number.EPSILON], [-Number.MAX_VALUE, Number.MAX_VALUE], [Number.MAX_VALUE, Number.MAX_VALUE]] as const) {
      const [from, to] = withMargin(low, high);
      expect(to).toBeGreaterThan(from);
      expect(Number.isFinite(to - from)).toBe(true);
    }
  });
});

describe('multiples', () => {
  it('are those within the range, without the dust of addition', () => {
    expect(multiples(0, 1, 0.25)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(multiples(0.05, 0.35, 0.1)).toEqual([0.1, 0.2, 0.3]);
    expect(multiples(-2, 3, 2)).toEqual([-2, 0, 2]);
    expect(Object.is(multiples(-1, 1, 1)[1], 0)).toBe(true);
  });
  it('end, even where a step is lost in the size of the values', () => {
    expect(multiples(1e20, 1e20 + 1e5, 1e-8).length).toBeLessThanOrEqual(200);
    expect(multiples(0, 1, 0)).toEqual([]);
    expect(multiples(0, Infinity, 1).length).toBeLessThanOrEqual(200);
  });
});
