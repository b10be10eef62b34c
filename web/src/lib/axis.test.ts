import { describe, expect, it } from 'vitest';
import { atLeastVisible, durationMark, durationSteps, markLabels, multiples, rangeOf, shortNumber, withMargin } from './axis';

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

describe('markLabels', () => {
  it('tell neighbours apart and say no more', () => {
    expect(markLabels([0.30235, 0.302355], 0.000005)).toEqual(['0.30235', '0.302355']);
    expect(markLabels([0.25, 0.5, 0.75], 0.25)).toEqual(['0.25', '0.5', '0.75']);
    expect(markLabels([0.1 + 0.2], 0.1)).toEqual(['0.3']);
    expect(markLabels([-2.5, 0], 2.5)).toEqual(['−2.5', '0']);
    expect(markLabels([0.9999996, 0.9999998, 1, 1.0000002], 2e-7)).toEqual(['0.9999996', '0.9999998', '1', '1.0000002']);
    expect(markLabels([0, null, 2], 1)).toEqual(['0', '', '2']);
  });
  it('write large numbers in the unit that needs the fewest letters', () => {
    expect(markLabels([0, 5e7, 1e8], 5e7)).toEqual(['0', '50M', '100M']);
    expect(markLabels([0, 20_000, 80_000], 20_000)).toEqual(['0', '20k', '80k']);
    expect(markLabels([0, 5e6, 2e7], 5e6)).toEqual(['0', '5M', '20M']);
    expect(markLabels([1.718e10, 1.7185e10], 5e6)).toEqual(['17.18G', '17.185G']);
    expect(markLabels([1000, 2000], 1000)).toEqual(['1000', '2000']);
  });
  it('keep full digits where a unit would need more', () => {
    expect(markLabels([100_000.02, 100_000.025], 0.005)).toEqual(['100,000.02', '100,000.025']);
    expect(markLabels([22_450, 22_500], 50)).toEqual(['22,450', '22,500']);
  });
  it('write what is beyond all units, or tiny, with an exponent', () => {
    expect(markLabels([1e20, 1.00002e20], 2e15)).toEqual(['1e20', '1.00002e20']);
    expect(markLabels([1e-7, 2e-7], 1e-7)).toEqual(['1e-7', '2e-7']);
    expect(markLabels([0, -1e-308], 1e-308)).toEqual(['0', '−1e-308']);
  });
});

describe('shortNumber', () => {
  it('is a power of ten in a few letters', () => {
    expect([1e8, 1e4, 1000, 1, 0.01, 1e-8, 1e18, 0].map(shortNumber)).toEqual(['100M', '10k', '1000', '1', '0.01', '1e-8', '1e18', '0']);
  });
});

describe('durations', () => {
  it('are marked without parts that are zero', () => {
    expect([0, 0.25, 30, 300, 3600, 5400, 43_200, 86_400, 216_000, 3630].map(durationMark)).toEqual(['0', '0.25 s', '30 s', '5 m', '1 h', '1 h 30 m', '12 h', '1 d', '2 d 12 h', '1 h 30 s']);
  });
  it('are marked in steps that people count time in', () => {
    for (const step of [1, 5, 15, 30, 60, 300, 600, 1800, 3600]) expect(durationSteps).toContain(step);
    expect([...durationSteps].sort((a, b) => a - b)).toEqual(durationSteps);
  });
});

describe('rangeOf', () => {
  it('puts one point into the middle, whatever range was proposed', () => {
    expect(rangeOf([0], 0, 100, false)).toEqual([-0.5, 0.5]);
    expect(rangeOf([1], 0, 2, true)).toEqual([0.5, 1.5]);
    expect(rangeOf([3, 9], 3, 9, false)).toEqual([3, 9]);
    expect(rangeOf([], 0, 1, false)).toEqual([0, 1]);
  });
});
