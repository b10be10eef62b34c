// Colours of results, from the best to the worst. Cut from viridis (van der Walt and Smith 2015), which grows evenly in
// lightness, so it reads the same for people who see colours otherwise and in grey. The best always stands out most
// from the ground, and the worst keeps a contrast of 3 to it.

type Rgb = [number, number, number];

const kOnLight: Rgb[] = [[68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142], [31, 150, 125]];
const kOnDark: Rgb[] = [[253, 231, 37], [160, 218, 57], [74, 193, 109], [31, 161, 135], [54, 110, 150]];

/** The colour at `t`, 0 for the best and 1 for the worst. */
export function ramp(t: number, isDark: boolean): string {
  const stops = isDark ? kOnDark : kOnLight;
  const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(place));
  const mix = stops[i]!.map((c, channel) => Math.round(c + (stops[i + 1]![channel]! - c) * (place - i)));
  return `rgb(${mix.join(',')})`;
}

export const kNoResult = 'rgb(128,128,128)';

/** Where a value stands between the best and the worst of a domain, as a fraction. */
export function share(value: number, [best, worst]: [number, number]): number {
  return best === worst ? 0 : Math.min(1, Math.max(0, (value - best) / (worst - best)));
}

/** A result's colour; grey for what has no value. */
export function colorOf(value: number | null, domain: [number, number] | null, isDark = false): string {
  if (value === null || !Number.isFinite(value) || !domain) return kNoResult;
  return ramp(share(value, domain), isDark);
}
