import { describe, expect, it } from 'vitest';
import { foldReturns, parseAnsi } from './ansi';
import { mergeLines, tailToAsk, type LogLine } from './console';
import { byX, History, kStep, numericKeys, parseRows, sections, smooth, systemSection } from './history';

describe('History', () => {
  it('adds each row once, whatever is sent again', () => {
    const history = new History();
    history.setSampled('loss', [{ _step: 0, loss: 3 }, { _step: 2, loss: 2 }]);
    expect(history.addRows([{ _step: 2, loss: 2 }, { _step: 3, loss: 1 }])).toEqual(new Set(['loss']));
    expect(history.addRows([{ _step: 3, loss: 1 }])).toEqual(new Set());
    expect(history.series.get('loss')).toEqual({ steps: [0, 2, 3], xs: [0, 2, 3], values: [3, 2, 1] });
    expect(history.lastStep).toBe(3);
  });
  it('takes new keys, nested keys and NaN, and sets other things aside', () => {
    const history = new History();
    history.addRows(parseRows(['{"_step":0,"val":{"loss":NaN},"img":{"_type":"image-file"},"note":"x"}']));
    expect(history.series.get('val.loss')?.values).toEqual([NaN]);
    expect([...history.otherKeys].sort()).toEqual(['img', 'note']);
  });
  it('uses another metric as x and leaves out rows without it', () => {
    const history = new History('epoch');
    history.setSampled('loss', [{ _step: 0, loss: 3, epoch: 1 }, { _step: 1, loss: 2 }, { _step: 2, loss: 1, epoch: 0.5 }]);
    expect(byX(history.series.get('loss')!)).toMatchObject({ xs: [0.5, 1], values: [1, 3] });
  });
  it('stays light however long it grows, and keeps the last point', () => {
    const history = new History();
    for (let i = 0; i < 20_000; i += 1) history.addRows([{ _step: i, loss: i }]);
    const series = history.series.get('loss')!;
    expect(series.values.length).toBeLessThan(6001);
    expect(series.values.at(-1)).toBe(19_999);
  });
});

it('reads from the key list which keys have charts', () => {
  const told = { lastStep: 11, keys: { loss: { typeCounts: [{ type: 'number' }] }, img: { typeCounts: [{ type: 'image-file' }] }, _step: { typeCounts: [] } } };
  expect(numericKeys(told)).toMatchObject({ numeric: ['loss'], other: ['img'], lastStep: 11 });
  expect(numericKeys({ keys: { a: { typeCounts: [{ type: 'number', count: 7 }, { type: 'string', count: 1 }] } } }).counts).toEqual(new Map([['a', 8]]));
  expect(numericKeys(null)).toEqual({ numeric: [], other: [], lastStep: -1, counts: new Map() });
});

it('puts keys in sections by their prefix', () => {
  expect(sections(['loss', 'train/loss', 'train/acc', 'a/b/c'])).toEqual([
    { name: '', keys: ['loss'] }, { name: 'a/b', keys: ['a/b/c'] }, { name: 'train', keys: ['train/loss', 'train/acc'] },
  ]);
});

it('smooths without a pull towards zero', () => {
  expect(smooth([5, 5, 5], 0.9).map((v) => Number(v.toFixed(9)))).toEqual([5, 5, 5]);
  expect(smooth([1, 3], 0.5)[1]).toBeCloseTo((0.25 * 1 + 0.5 * 3) / 0.75, 12);
  expect(smooth([1, NaN, 1], 0.5)[2]).toBeCloseTo(1, 12);
});

describe('the console', () => {
  const line = (number: number, text = String(number)): LogLine => ({ number, timestamp: null, level: null, label: null, line: text });
  it('overwrites rewritten lines and keeps the rest', () => {
    const merged = mergeLines([line(0), line(1, 'old'), line(2)], [line(1, 'new'), line(2), line(3)]);
    expect(merged.map((l) => l.line)).toEqual(['0', 'new', '2', '3']);
  });
  it('asks for as many lines as are missing, and a few for those rewritten', () => {
    expect(tailToAsk([line(9)], 30, 5)).toBe(25);
    expect(tailToAsk([], 0, 5)).toBe(5);
  });
  it('ends a progress bar at its last state', () => {
    expect(foldReturns('10%\r50%\r100%\n')).toBe('100%');
    expect(foldReturns('done\r')).toBe('done');
  });
  it('reads colours and swallows other sequences', () => {
    expect(parseAnsi('\x1b[1;31mbad\x1b[0m ok\x1b[2K')).toEqual([{ text: 'bad', style: 'fg-1 bold' }, { text: ' ok', style: '' }]);
    expect(parseAnsi('\x1b[38;5;200mx')).toEqual([{ text: 'x', style: '' }]);
  });
});

it('groups what the monitor writes by device', () => {
  expect(sections(['system.cpu', 'system.disk./.usageGB', 'system.disk.vda.in', 'system.memory_percent'], systemSection).map((s) => [s.name, s.keys.length])).toEqual([
    ['cpu', 1], ['disk', 2], ['memory', 1],
  ]);
});

it('hands a chart the same points until there are new ones', () => {
  const history = new History();
  history.addRows([{ _step: 0, a: 1, b: 1 }]);
  const [a, b] = [history.points('a'), history.points('b')];
  history.addRows([{ _step: 1, a: 2 }]);
  expect(history.points('b')).toBe(b);
  expect(history.points('a')).not.toBe(a);
  expect([a.values, history.points('a').values]).toEqual([[1], [1, 2]]);
});

describe('a series of which rows were left out', () => {
  const sampled = [{ _step: 0, loss: 1, _smoothed: 1 }, { _step: 500, loss: 9, _smoothed: 1.25 }, { _step: 999, loss: 'NaN' }, { _step: 1000, loss: 1, _smoothed: 1.5 }];
  it('has the average that the server made of all rows, and goes on with it', () => {
    const history = new History(kStep, 0.5);
    history.setSampled('loss', sampled, true);
    history.addRows([{ _step: 1001, loss: 3.5 }, { _step: 1002, loss: 'NaN' }, { _step: 1003, loss: 4.5 }]);
    expect(history.points('loss').smoothed).toEqual([1, 1.25, NaN, 1.5, 2.5, NaN, 3.5]);
  });
  it('keeps what has come while another average was asked for', () => {
    const history = new History(kStep, 0);
    history.setSampled('loss', sampled, true);
    history.addRows([{ _step: 1001, loss: 3.5 }]);
    history.weight = 0.5;
    history.setSampled('loss', sampled, true);
    expect(history.points('loss').steps.at(-1)).toBe(1001);
    expect(history.points('loss').smoothed?.at(-1)).toBe(2.5);
  });
  it('keeps the average of all rows when it is thinned here', () => {
    const history = new History(kStep, 0.9);
    history.setSampled('loss', []);
    const rows = Array.from({ length: 7000 }, (_, step) => ({ _step: step, loss: step % 100 === 0 ? 5 : 0.1 }));
    history.addRows(rows);
    const points = history.points('loss');
    expect(points.steps.length).toBeLessThan(6001);
    const all = smooth(rows.map((row) => row.loss), 0.9);
    points.steps.forEach((step, i) => expect(points.smoothed![i]).toBeCloseTo(all[step]!, 9));
  });
  it('loses no spike and no NaN when it is thinned here', () => {
    for (const odd of [3001, 3002, 3003, 3004]) {
      const history = new History();
      history.setSampled('loss', []);
      history.addRows(Array.from({ length: 20_000 }, (_, step) => ({ _step: step, loss: step === odd ? 99 : step === odd + 500 ? -7 : step === odd + 900 ? 'NaN' : step % 3 })));
      const { steps, values } = history.points('loss');
      expect(steps.length).toBeLessThan(6001);
      expect(values).toContain(99);
      expect(values).toContain(-7);
      expect(values.some(Number.isNaN)).toBe(true);
      expect([steps[0], steps.at(-1)]).toEqual([0, 19_999]);
    }
  });
});
