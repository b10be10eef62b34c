import { describe, expect, it } from 'vitest';
import { contourGrid, earlyStopsSentence, isGainUnlikely, outlookSentence, sliceDomain, slicePicture, toInsights, trustSentence } from './insights';

const answer = {
  importance: { trust: 0.82, parameters: [{ name: 'lr', alone: 0.6, total: 0.8 }, { name: 'net.depth', alone: -0.01, total: 1.2 }] },
  optimum: { parameters: { lr: 0.01, net: { depth: 3 } }, mean: 0.2, spread: 0.05 },
  outlook: { expected_improvement: 0.0004, share_of_spread: 0.002, gain_unlikely: true },
  early_stops: { stopped: 34, audited: 3, wrong: 1 },
  slices: [{ parameter: 'lr', points: [{ value: 0.001, mean: 0.5, spread: 0.1 }, { value: 0.1, mean: 0.3, spread: 0.2 }] }],
  contour: { first: 'lr', second: 'opt', points: [{ first: 0.1, second: 'sgd', mean: 2, spread: 1 }, { first: 0.001, second: 'adam', mean: 1, spread: 0 }] },
};

describe('what the server tells', () => {
  it('is taken over, with shares kept between 0 and 1', () => {
    const told = toInsights(answer);
    expect(told.trust).toBe(0.82);
    expect(told.importance).toEqual([{ name: 'lr', alone: 0.6, total: 0.8 }, { name: 'net.depth', alone: 0, total: 1 }]);
    expect(told.optimum).toEqual({ parameters: { lr: 0.01, 'net.depth': 3 }, mean: 0.2, spread: 0.05 });
    expect(told.outlook?.gainUnlikely).toBe(true);
    expect(told.earlyStops).toEqual({ stopped: 34, audited: 3, wrong: 1 });
    expect(told.slices[0]?.points).toHaveLength(2);
  });
  it('may lack parts, or hold NaN, without losing the others', () => {
    for (const empty of [null, 'x', [], {}, { importance: null, slices: [{ parameter: 'x', points: [{ value: 1, mean: 'NaN' }] }], contour: { first: 'a' } }]) {
      expect(toInsights(empty)).toEqual({ trust: null, importance: [], optimum: null, outlook: null, earlyStops: null, slices: [], contour: null });
    }
    expect(toInsights({ optimum: { ...answer.optimum, mean: null }, slices: answer.slices }).slices).toHaveLength(1);
  });
  it('can have parameters as a run has its config', () => {
    expect(toInsights({ optimum: { parameters: { lr: { value: 0.1 } }, mean: 1, spread: 0 } }).optimum?.parameters).toEqual({ lr: 0.1 });
  });
});

it('says how far the ranking can be believed, and whether going on pays', () => {
  expect(trustSentence(0.1)).toContain('guesswork');
  expect(trustSentence(0.9)).not.toContain('guesswork');
  expect(outlookSentence({ expectedImprovement: 0.0004, shareOfSpread: 0.0002, gainUnlikely: true }, 'loss', 0.8)).toBe(
    'Further gain looks unlikely: the most promising next run is expected to improve loss by 0.0004, less than 0.1 % of the spread of all results.',
  );
  expect(outlookSentence({ expectedImprovement: 0.25, shareOfSpread: 0.123, gainUnlikely: false }, 'loss', null)).toContain('0.25, 12 % of');
});

it('says nothing of what there is to gain when the model predicts little', () => {
  const outlook = { expectedImprovement: 0, shareOfSpread: 0, gainUnlikely: true };
  expect(outlookSentence(outlook, 'loss', 0.12)).toBe('There is too little to say whether going on pays: the model predicts only 12 % of the differences between runs.');
  expect(isGainUnlikely(outlook, 0.12)).toBe(false);
  expect(isGainUnlikely(outlook, 0.8)).toBe(true);
});

it('says what became of the runs that the stopping rule spared', () => {
  expect(earlyStopsSentence({ stopped: 1, audited: 0, wrong: 0 })).toBe('1 run stopped early.');
  expect(earlyStopsSentence({ stopped: 1234, audited: 1, wrong: 0 })).toContain('early; 1 run spared to test the rule, none of which ended among the best tenth.');
  expect(earlyStopsSentence({ stopped: 34, audited: 3, wrong: 1 })).toContain('3 runs spared to test the rule, 1 of which ended');
});

describe('a slice', () => {
  const { slices } = toInsights(answer);
  it('spans its band and the best result', () => {
    const [low, high] = sliceDomain(slices, 0.05);
    expect(low).toBeLessThan(0.05);
    expect(high).toBeGreaterThan(0.6);
    expect(sliceDomain([], null)).toEqual([0, 1]);
  });
  it('is a line within its band, on the scale that the sweep draws on', () => {
    const picture = slicePicture(slices[0]!, [{ value: 0.01, result: 0.5 }, { value: 0.01, result: 9 }, { value: 7, result: 0.5 }], [0, 1], 'log');
    expect(picture.line).toBe('M15 500L985 700');
    expect(picture.band).toBe('M15 400L985 500L985 900L15 600Z');
    expect(picture.dots).toBe('M500 500h0');
  });
  it('of categories has a bar for each', () => {
    const points = [{ value: 'sgd', mean: 0.5, spread: 0.1 }, { value: 'adam', mean: 0.2, spread: 0.1 }];
    const picture = slicePicture({ parameter: 'opt', points }, [], [0, 1]);
    expect([picture.line, picture.marks]).toEqual(['', 'M80 800h0M920 500h0']);
  });
});

it('puts a contour into a table, with gaps where a parameter does not apply', () => {
  const grid = contourGrid(toInsights(answer).contour!, (name) => (name === 'lr' ? 'log' : undefined));
  expect([grid.firstValues, grid.secondValues]).toEqual([[0.001, 0.1], ['adam', 'sgd']]);
  expect(grid.means).toEqual([1, NaN, NaN, 2]);
  expect([grid.first.kind, grid.second.kind]).toEqual(['log', 'category']);
});
