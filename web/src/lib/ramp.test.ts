import { describe, expect, it } from 'vitest';
import { colorOf, ramp } from './ramp';

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [r, g, b] = /(\d+),(\d+),(\d+)/.exec(color)!.slice(1).map((c) => {
    const s = Number(c) / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const steps = Array.from({ length: 41 }, (_, i) => i / 40);

describe.each([
  { name: 'light', isDark: false, ground: 'rgb(255,255,255)' },
  { name: 'dark', isDark: true, ground: 'rgb(29,39,48)' },
])('the colours of results on a $name ground', ({ isDark, ground }) => {
  it('can be told from the ground, the best one most', () => {
    const seen = steps.map((t) => contrast(luminance(ramp(t, isDark)), luminance(ground)));
    expect(Math.min(...seen)).toBeGreaterThan(2.6);
    expect(Math.max(...seen)).toBe(seen[0]);
  });
  it('differ in lightness, not in hue alone', () => {
    const light = steps.map((t) => luminance(ramp(t, isDark)));
    for (let i = 1; i < light.length; i += 1) expect(isDark ? light[i]! < light[i - 1]! : light[i]! > light[i - 1]!).toBe(true);
  });
});

it('go from the best to the worst in the direction of the goal', () => {
  expect(colorOf(1, [1, 3])).toBe(colorOf(3, [3, 1]));
  expect(colorOf(1, [1, 3])).not.toBe(colorOf(3, [1, 3]));
  expect(colorOf(null, [0, 1])).toBe('rgb(128,128,128)');
  expect(colorOf(5, [2, 2])).toBe(ramp(0, false));
});
