import { describe, expect, it } from 'vitest';
import { colorDomain, colorOf, isKept, kMissing, makeAxis, position, ticks, valueAt } from './parallel';

describe('an axis', () => {
  it('spans the numbers from bottom to top', () => {
    const axis = makeAxis('lr', 'lr', [1, 5, 3]);
    expect([axis.kind, position(axis, 1), position(axis, 3), position(axis, 5)]).toEqual(['linear', 0, 0.5, 1]);
    expect(valueAt(axis, 0.25)).toBe(2);
  });
  it('is logarithmic when the sweep draws so, and over three decades', () => {
    expect(makeAxis('lr', 'lr', [0.001, 0.1]).kind).toBe('linear');
    const asked = makeAxis('lr', 'lr', [0.001, 0.1], true);
    expect(position(asked, 0.01)).toBeCloseTo(0.5, 12);
    expect(valueAt(asked, 0.5)).toBeCloseTo(0.01, 12);
    expect(makeAxis('lr', 'lr', [0.0001, 0.1]).kind).toBe('log');
    expect(makeAxis('lr', 'lr', [0, 0.1], true).kind).toBe('linear');
  });
  it('has a place for each category, counted as people count', () => {
    const axis = makeAxis('net', 'net', ['b10', 'b9', 'b9', undefined]);
    expect(axis.categories).toEqual(['b9', 'b10']);
    expect([position(axis, 'b9'), position(axis, 'b10')]).toEqual([0, 1]);
    expect(makeAxis('flag', 'flag', [true, false]).kind).toBe('category');
    expect(makeAxis('mixed', 'mixed', [1, 'none']).kind).toBe('category');
  });
  it('puts missing values and NaN below its end, and clamps what lies outside', () => {
    const axis = makeAxis('x', 'x', [0, 1]);
    expect(position(axis, undefined)).toBe(kMissing);
    expect(position(axis, 'NaN')).toBe(kMissing);
    expect(position(axis, 7)).toBe(1);
  });
  it('stands in the middle if there is one value only', () => {
    expect(position(makeAxis('x', 'x', [3, 3]), 3)).toBe(0.5);
    expect(position(makeAxis('x', 'x', ['a']), 'a')).toBe(0.5);
  });
  it('always tells its ends', () => {
    const marks = ticks(makeAxis('x', 'x', [0.13, 0.97]));
    expect([marks[0]?.label, marks.at(-1)?.label]).toEqual(['0.13', '0.97']);
    expect(marks.map((m) => m.label)).toContain('0.6');
  });
});

it('keeps the lines that cross every brush', () => {
  expect(isKept({ a: 0.5, b: 0.1 }, {})).toBe(true);
  expect(isKept({ a: 0.5, b: 0.1 }, { a: [0.4, 0.6] })).toBe(true);
  expect(isKept({ a: 0.5, b: 0.1 }, { a: [0.4, 0.6], b: [0.2, 1] })).toBe(false);
  expect(isKept({ a: kMissing }, { a: [0, 1] })).toBe(false);
});

describe('colours', () => {
  it('go from the best to the worst in the direction of the goal', () => {
    expect(colorDomain([1, 2, 3], false)).toEqual([1, 3]);
    expect(colorDomain([1, 2, 3], true)).toEqual([3, 1]);
    expect(colorOf(1, [1, 3])).toBe(colorOf(3, [3, 1]));
    expect(colorOf(1, [1, 3])).not.toBe(colorOf(3, [1, 3]));
  });
  it('are not washed out by one diverged run', () => {
    const values = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 1e9];
    const [best, worst] = colorDomain(values, false)!;
    expect(best).toBe(1);
    expect(worst).toBeLessThan(10);
    expect(colorOf(1e9, [best, worst])).toBe(colorOf(worst, [best, worst]));
  });
  it('are grey without a value', () => {
    expect(colorOf(null, [0, 1])).toBe('rgb(128,128,128)');
    expect(colorDomain([NaN], false)).toBeNull();
  });
});
