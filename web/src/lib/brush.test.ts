import { describe, expect, it } from 'vitest';
import { brushBetween, brushQuery, brushSpan, brushText, brushesOf, keeps, keepsAll, parseBrush } from './brush';
import { makeAxis } from './parallel';

const lr = makeAxis('lr', 'lr', [0.001, 0.1], 'log');
const net = makeAxis('net', 'net', ['a', 'b', 'c']);

describe('a brush', () => {
  it('holds values, so it keeps the same lines when its axis grows', () => {
    const brush = brushBetween(makeAxis('x', 'x', [0, 10]), 0.5, 0.2);
    expect(brush).toEqual({ low: 2, high: 5 });
    expect(brushSpan(makeAxis('x', 'x', [0, 100]), brush)).toEqual([0.02, 0.05]);
    expect([keeps(brush, 5), keeps(brush, 5.1)]).toEqual([true, false]);
  });
  it('is open where it reaches the end of its axis', () => {
    const brush = brushBetween(lr, 0.5, 1);
    expect(brush).toEqual({ low: 0.01, high: Infinity });
    expect(keeps(brush, 7)).toBe(true);
    expect(brushSpan(lr, brush)![1]).toBe(1);
  });
  it('takes the categories that it covers, or the nearest one', () => {
    expect(brushBetween(net, 0.4, 1)).toEqual({ labels: ['b', 'c'] });
    expect(brushBetween(net, 0.1, 0.2)).toEqual({ labels: ['a'] });
    expect(brushSpan(net, { labels: ['gone'] })).toBeNull();
  });
  it('never keeps what is missing', () => {
    const brush = brushBetween(lr, 0, 0.5);
    expect([keeps(brush, undefined), keeps(brush, 'NaN'), keeps({ labels: ['null'] }, null)]).toEqual([false, false, false]);
    expect(keeps({ labels: ['true'] }, true)).toBe(true);
    expect(keepsAll({ a: brush, b: { labels: ['x'] } }, (key) => ({ a: 0.001, b: 'x' })[key])).toBe(true);
    expect(keepsAll({ a: brush, b: { labels: ['x'] } }, (key) => ({ a: 0.001, b: 'y' })[key])).toBe(false);
  });
});

describe('an address', () => {
  it('holds brushes and gives them back', () => {
    for (const brush of [{ low: 0.01, high: 0.5 }, { low: -Infinity, high: 3 }, { low: -2, high: Infinity }, { labels: ['a..b', '"ü"'] }]) {
      expect(parseBrush(brushText(brush))).toEqual(brush);
    }
  });
  it('with nonsense in it holds none', () => {
    for (const text of ['', '..', 'x..y', '[1]', '[', '5']) expect(parseBrush(text)).toBeNull();
  });
  it('is changed to hold exactly the brushes there are', () => {
    const query = new URLSearchParams('keep.lr=0..1&keep.x=2..&sort=name');
    expect(brushesOf(query)).toEqual({ lr: { low: 0, high: 1 }, x: { low: 2, high: Infinity } });
    expect(brushQuery(query, { x: { low: -Infinity, high: 4 } })).toEqual({ 'keep.lr': null, 'keep.x': '..4' });
  });
});
