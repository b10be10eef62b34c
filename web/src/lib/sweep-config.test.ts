import { expect, it } from 'vitest';
import { parseSweepConfig } from './sweep-config';

const text = `# search
name: the first one
method: bayes
run_cap: 40
metric:
  goal: maximize
  name: "val/acc"
parameters:
  learning_rate:
    distribution: log_uniform_values
    max: 0.1
    min: 0.001
  'odd name': {values: [1, 2]}
  dropout: {min: 0.0, max: 0.5}
  net:
    parameters:
      depth: {distribution: q_log_uniform_values, min: 1, max: 64}
program: train.py
`;

it('reads the goal, the end and the parameters of a sweep', () => {
  const config = parseSweepConfig(text);
  expect(config.name).toBe('the first one');
  expect(config.runCap).toBe(40);
  expect(config.objective).toEqual({ metric: 'val/acc', maximize: true });
  expect([...config.parameters]).toEqual([['learning_rate', 'log'], ['odd name', 'list'], ['dropout', 'linear'], ['net.depth', 'log']]);
});

it('reads JSON, which clients send too, and the first of several goals', () => {
  const config = parseSweepConfig('{"metrics":[{"name":"acc","goal":"maximize"},{"name":"ms"}],"parameters":{"x":{"value":1}}}');
  expect(config.objective).toEqual({ metric: 'acc', maximize: true });
  expect([...config.parameters]).toEqual([['x', 'list']]);
  expect(parseSweepConfig('metric: {name: loss, goal: minimize}\n').objective).toEqual({ metric: 'loss', maximize: false });
});

it('reads nothing in what is no sweep', () => {
  for (const other of ['', 'a: [', 'just words', '[]', 'metric: loss']) {
    expect(parseSweepConfig(other)).toEqual({ name: '', objective: null, runCap: null, parameters: new Map() });
  }
});
