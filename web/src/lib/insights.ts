// What a sweep's model has learned, as the server tells it, and the shapes of the pictures of it.

import { formatNumber, formatValue } from './format';
import { asNumber, flatten, isObject, type Flat } from './json';
import { makeAxis, position, type Axis } from './parallel';
import type { Scale } from './sweep-config';

export interface Predicted {
  mean: number;
  /** One standard deviation. */
  spread: number;
}

export interface ParameterImportance {
  name: string;
  /** Share of the predicted variance that the parameter explains alone, and together with others. */
  alone: number;
  total: number;
}

export interface Slice {
  parameter: string;
  points: (Predicted & { value: unknown })[];
}

export interface Contour {
  first: string;
  second: string;
  points: (Predicted & { first: unknown; second: unknown })[];
}

export interface Outlook {
  expectedImprovement: number;
  shareOfSpread: number;
  gainUnlikely: boolean;
}

/** What `early_terminate` has done: how many runs it stopped, how many that it spared have finished, and how many of those ended among the best tenth. */
export interface EarlyStops {
  stopped: number;
  audited: number;
  wrong: number;
}

export interface Insights {
  /** How far to believe the ranking, from 0 to 1; null if the server tells none. */
  trust: number | null;
  importance: ParameterImportance[];
  optimum: (Predicted & { parameters: Flat }) | null;
  outlook: Outlook | null;
  earlyStops: EarlyStops | null;
  slices: Slice[];
  contour: Contour | null;
}

/** Reads the server's answer; a part that is missing or not as expected is empty, and the others stay. */
export function toInsights(answer: unknown): Insights {
  const told = isObject(answer) ? answer : {};
  const importance = isObject(told['importance']) ? told['importance'] : {};
  return {
    trust: asNumber(importance['trust']),
    importance: objects(importance['parameters'])
      .map((entry) => ({ name: String(entry['name'] ?? ''), alone: fraction(entry['alone']), total: fraction(entry['total']) }))
      .filter((entry) => entry.name !== ''),
    optimum: toOptimum(told['optimum']),
    outlook: toOutlook(told['outlook']),
    earlyStops: toEarlyStops(told['early_stops']),
    slices: objects(told['slices']).flatMap((entry) => {
      const points = predictions(entry['points'], (point) => ({ value: point['value'] }));
      return typeof entry['parameter'] === 'string' && points.length > 0 ? [{ parameter: entry['parameter'], points }] : [];
    }),
    contour: toContour(told['contour']),
  };
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function fraction(value: unknown): number {
  const number = asNumber(value) ?? 0;
  return Number.isFinite(number) ? Math.min(1, Math.max(0, number)) : 0;
}

function predictions<T>(list: unknown, more: (point: Record<string, unknown>) => T): (Predicted & T)[] {
  return objects(list).flatMap((point) => {
    const mean = asNumber(point['mean']);
    const spread = asNumber(point['spread']) ?? 0;
    return mean !== null && Number.isFinite(mean) ? [{ mean, spread: Number.isFinite(spread) ? spread : 0, ...more(point) }] : [];
  });
}

function toOptimum(value: unknown): Insights['optimum'] {
  const [found] = predictions([value], (point) => ({ parameters: plain(point['parameters']) }));
  return found ?? null;
}

/** {"lr": 0.1}, or {"lr": {"value": 0.1}} as a run's config has it. */
function plain(value: unknown): Flat {
  if (!isObject(value)) return {};
  return flatten(Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, isObject(entry) && 'value' in entry ? entry['value'] : entry])));
}

function toOutlook(value: unknown): Outlook | null {
  if (!isObject(value)) return null;
  const improvement = asNumber(value['expected_improvement']);
  if (improvement === null || !Number.isFinite(improvement)) return null;
  return { expectedImprovement: improvement, shareOfSpread: fraction(value['share_of_spread']), gainUnlikely: value['gain_unlikely'] === true };
}

function toEarlyStops(value: unknown): EarlyStops | null {
  if (!isObject(value)) return null;
  const [stopped, audited, wrong] = [asNumber(value['stopped']), asNumber(value['audited']), asNumber(value['wrong'])];
  return stopped !== null && audited !== null && wrong !== null ? { stopped, audited, wrong } : null;
}

function toContour(value: unknown): Contour | null {
  if (!isObject(value) || typeof value['first'] !== 'string' || typeof value['second'] !== 'string') return null;
  const points = predictions(value['points'], (point) => ({ first: point['first'], second: point['second'] }));
  return points.length > 0 ? { first: value['first'], second: value['second'], points } : null;
}

/** Below this a model's predictions are guesswork. */
const kTrustMin = 0.3;

/** How far the ranking can be believed, in words. */
export function trustSentence(trust: number): string {
  const percent = `${Math.round(trust * 100)} %`;
  if (trust < kTrustMin) return `The model predicts only ${percent} of the differences between runs: take this as guesswork until more have ended.`;
  if (trust < 0.7) return `The model predicts ${percent} of the differences between runs: the order is likely, the lengths are rough.`;
  return `The model predicts ${percent} of the differences between runs.`;
}

/** Whether the outlook says that there is little left to gain, and the model can be believed. */
export function isGainUnlikely(outlook: Outlook, trust: number | null): boolean {
  return outlook.gainUnlikely && (trust === null || trust >= kTrustMin);
}

export function outlookSentence(outlook: Outlook, metric: string, trust: number | null): string {
  if (trust !== null && trust < kTrustMin) return `There is too little to say whether going on pays: the model predicts only ${Math.round(Math.max(0, trust) * 100)} % of the differences between runs.`;
  const gain = formatNumber(Number(outlook.expectedImprovement.toPrecision(3)));
  const percent = outlook.shareOfSpread * 100;
  const share = percent > 0 && percent < 0.1 ? 'less than 0.1 %' : `${Number(percent.toPrecision(2))} %`;
  const told = `the most promising next run is expected to improve ${metric} by ${gain}, ${share} of the spread of all results`;
  return outlook.gainUnlikely ? `Further gain looks unlikely: ${told}.` : `Going on is likely to pay: ${told}.`;
}

export function earlyStopsSentence({ stopped, audited, wrong }: EarlyStops): string {
  const runs = (n: number) => (n === 1 ? '1 run' : `${formatNumber(n)} runs`);
  const told = `${runs(stopped)} stopped early`;
  if (audited === 0) return `${told}.`;
  const ended = wrong === 0 ? 'none' : formatNumber(wrong);
  return `${told}; ${runs(audited)} spared to test the rule, ${ended} of which ended among the best tenth.`;
}

/** A picture of 1 by 1, its origin at the bottom left, as SVG draws it in a view box of 1000 by 1000. */
export interface SlicePicture {
  axis: Axis;
  band: string;
  line: string;
  /** Categories stand apart: a bar of one deviation and a mark for each, in the place of band and line. */
  bars: string;
  marks: string;
  dots: string;
}

const kSize = 1000;
const round = (n: number) => Math.round(n * 10) / 10;

/** Where a value stands in a slice, from 0 to 1. The outermost keep a distance from the edge, where half of their marks would be cut off. */
export function sliceX(axis: Axis, value: unknown): number {
  const inset = axis.kind === 'category' ? 0.08 : 0.015;
  return inset + position(axis, value) * (1 - 2 * inset);
}

export type Domain = [low: number, high: number];

/** The prediction along one parameter, with what was observed as dots. Dots outside of the domain are left out. */
export function slicePicture(slice: Slice, observed: { value: unknown; result: number }[], domain: Domain, scale?: Scale): SlicePicture {
  const axis = makeAxis(slice.parameter, slice.parameter, slice.points.map((p) => p.value), scale);
  const x = (value: unknown) => round(sliceX(axis, value) * kSize);
  const y = (value: number) => round((1 - share(value, domain)) * kSize);
  const points = [...slice.points].sort((a, b) => position(axis, a.value) - position(axis, b.value));
  const picture: SlicePicture = { axis, band: '', line: '', bars: '', marks: '', dots: '' };
  if (axis.kind === 'category') {
    for (const p of points) {
      picture.bars += `M${x(p.value)} ${y(p.mean - p.spread)}V${y(p.mean + p.spread)}`;
      picture.marks += `M${x(p.value)} ${y(p.mean)}h0`;
    }
  } else {
    picture.line = 'M' + points.map((p) => `${x(p.value)} ${y(p.mean)}`).join('L');
    const upper = points.map((p) => `${x(p.value)} ${y(p.mean + p.spread)}`);
    const lower = points.map((p) => `${x(p.value)} ${y(p.mean - p.spread)}`).reverse();
    picture.band = `M${upper.join('L')}L${lower.join('L')}Z`;
  }
  for (const { value, result } of observed) {
    if (!Number.isFinite(result) || result < domain[0] || result > domain[1]) continue;
    const at = position(axis, value);
    if (at >= 0 && isWithin(axis, value)) picture.dots += `M${x(value)} ${y(result)}h0`;
  }
  return picture;
}

function isWithin(axis: Axis, value: unknown): boolean {
  if (axis.kind === 'category') return axis.categories.includes(formatValue(value));
  const number = asNumber(value);
  return number !== null && number >= axis.min && number <= axis.max;
}

function share(value: number, [low, high]: Domain): number {
  return low === high ? 0.5 : Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** What all slices of a sweep span together, so that their heights can be compared, with the best result inside. */
export function sliceDomain(slices: Slice[], best: number | null): Domain {
  let [low, high] = [Infinity, -Infinity];
  for (const { points } of slices) {
    for (const p of points) {
      low = Math.min(low, p.mean - p.spread);
      high = Math.max(high, p.mean + p.spread);
    }
  }
  if (best !== null && Number.isFinite(best)) [low, high] = [Math.min(low, best), Math.max(high, best)];
  if (low > high) return [0, 1];
  const room = (high - low) * 0.04 || Math.abs(low) * 0.04 || 0.5;
  return [low - room, high + room];
}

/** The predictions of two parameters as a table: `means[row * columns + column]`, rows by the second parameter, both ascending. */
export interface Grid {
  first: Axis;
  second: Axis;
  firstValues: unknown[];
  secondValues: unknown[];
  means: number[];
  spreads: number[];
}

export function contourGrid(contour: Contour, scaleOf: (parameter: string) => Scale | undefined): Grid {
  const first = makeAxis(contour.first, contour.first, contour.points.map((p) => p.first), scaleOf(contour.first));
  const second = makeAxis(contour.second, contour.second, contour.points.map((p) => p.second), scaleOf(contour.second));
  const firstValues = distinct(contour.points.map((p) => p.first), first);
  const secondValues = distinct(contour.points.map((p) => p.second), second);
  const columns = new Map(firstValues.map((value, i) => [formatExactly(value), i]));
  const rows = new Map(secondValues.map((value, i) => [formatExactly(value), i]));
  const means = new Array<number>(firstValues.length * secondValues.length).fill(NaN);
  const spreads = [...means];
  for (const p of contour.points) {
    const at = rows.get(formatExactly(p.second))! * firstValues.length + columns.get(formatExactly(p.first))!;
    means[at] = p.mean;
    spreads[at] = p.spread;
  }
  return { first, second, firstValues, secondValues, means, spreads };
}

const formatExactly = (value: unknown) => JSON.stringify(value);

function distinct(values: unknown[], axis: Axis): unknown[] {
  const found = [...new Map(values.map((value) => [formatExactly(value), value])).values()];
  return found.sort((a, b) => position(axis, a) - position(axis, b));
}
