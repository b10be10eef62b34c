import { describe, expect, it } from 'vitest';
import { toRun, type RunNode } from './runs';
import { columnWidths, rowWindow } from './table';

const run = (summary: object) => toRun({ id: '', name: 'r', displayName: null, state: 'finished', createdAt: '', heartbeatAt: null, summaryMetrics: JSON.stringify(summary) } as RunNode);

describe('columns', () => {
  it('are as wide as their values, within bounds', () => {
    const widths = columnWidths([run({ a: 1, text: 'x'.repeat(500) }), run({ a: 123456.25 })], ['summary.a', 'summary.text']);
    expect(widths.get('summary.a')!).toBeLessThan(120);
    expect(widths.get('summary.text')!).toBeLessThan(300);
  });
  it('never shrink, so that nothing moves while somebody reads', () => {
    const wide = columnWidths([run({ a: 'a rather long value' })], ['summary.a']);
    const later = columnWidths([run({ a: 1 })], ['summary.a'], wide);
    expect(later.get('summary.a')).toBe(wide.get('summary.a'));
  });
});

describe('the rows in view', () => {
  it('are few of many, and all of few', () => {
    expect(rowWindow(2000, 33, 0, 660)).toEqual({ first: 0, last: 40 });
    expect(rowWindow(2000, 33, 33_000, 660)).toEqual({ first: 990, last: 1030 });
    expect(rowWindow(5, 33, 0, 660)).toEqual({ first: 0, last: 5 });
  });
  it('end with the table, also after it has become shorter', () => {
    expect(rowWindow(2000, 33, 2000 * 33, 660).last).toBe(2000);
    expect(rowWindow(30, 33, 60_000, 660)).toEqual({ first: 10, last: 30 });
  });
});
