import { describe, expect, it } from 'vitest';
import { colorDomain, cutMiddle, cutNames, kMissing, makeAxis, position, ticks, valueAt } from './parallel';
import { colorOf } from './ramp';

describe('an axis', () => {
  it('spans the numbers from bottom to top', () => {
    const axis = makeAxis('lr', 'lr', [1, 5, 3]);
    expect([axis.kind, position(axis, 1), position(axis, 3), position(axis, 5)]).toEqual(['linear', 0, 0.5, 1]);
    expect(valueAt(axis, 0.25)).toBe(2);
  });
  it('is logarithmic when the sweep draws so, and over three decades if it does not say', () => {
    expect(makeAxis('lr', 'lr', [0.001, 0.1]).kind).toBe('linear');
    const asked = makeAxis('lr', 'lr', [0.001, 0.1], 'log');
    expect(position(asked, 0.01)).toBeCloseTo(0.5, 12);
    expect(valueAt(asked, 0.5)).toBeCloseTo(0.01, 12);
    expect(makeAxis('lr', 'lr', [0.0001, 0.1]).kind).toBe('log');
    expect(makeAxis('lr', 'lr', [0.0001, 0.1], 'linear').kind).toBe('linear');
    expect(makeAxis('lr', 'lr', [0, 0.1], 'log').kind).toBe('linear');
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

describe('colours', () => {
  it('span the results in the direction of the goal', () => {
    expect(colorDomain([1, 2, 3], false)).toEqual([1, 3]);
    expect(colorDomain([1, 2, 3], true)).toEqual([3, 1]);
  });
  it('are not washed out by one diverged run', () => {
    const values = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 1e9];
    const [best, worst] = colorDomain(values, false)!;
    expect(best).toBe(1);
    expect(worst).toBeLessThan(10);
    expect(colorOf(1e9, [best, worst])).toBe(colorOf(worst, [best, worst]));
  });
  it('span nothing without a value', () => {
    expect(colorDomain([NaN], false)).toBeNull();
  });
});

it('marks few powers of ten over many decades, evenly', () => {
  const marks = ticks(makeAxis('lr', 'lr', [1e-30, 1], 'log'));
  expect(marks.length).toBeLessThanOrEqual(10);
  expect(marks.map((mark) => mark.label)).toContain('1e-16');
  const gaps = marks.slice(2, -1).map((mark, i) => mark.at - marks[i + 1]!.at);
  for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0]!, 6);
  expect(ticks(makeAxis('lr', 'lr', [1e-4, 0.1], 'log')).map((mark) => mark.label)).toEqual(['0.0001', '0.001', '0.01', '0.1']);
});

it('cuts names in the middle, so that they still differ', () => {
  expect(cutMiddle('model.encoder.layer1.dropout', 15)).toBe('model.e…dropout');
  expect(cutMiddle('model.encoder.layer1.width', 15)).not.toBe(cutMiddle('model.encoder.layer1.depth', 15));
  expect(cutMiddle('lr', 8)).toBe('lr');
  // Where even the ends are alike, the difference is shown.
  const layers = Array.from({ length: 12 }, (_, i) => `model.encoder.layer${i}.dropout_probability`);
  const cut = cutNames(['lr', ...layers], 13);
  expect(new Set(cut).size).toBe(13);
  expect(cut[0]).toBe('lr');
  expect(cut[1]).toContain('layer0');
  for (const name of cut) expect(name.length).toBeLessThanOrEqual(13);
});
