import { describe, expect, it } from 'vitest';
import { formatAgo, formatBytes, formatDuration, formatNumber, formatValue, parseTime, plural, sentence } from './format';

describe('formatNumber', () => {
  it('groups the digits of large whole numbers but not of four-digit ones', () => {
    expect(formatNumber(1234567)).toBe('1,234,567');
    expect(formatNumber(2026)).toBe('2026');
    expect(formatNumber(-50000)).toBe('−50,000');
  });
  it('keeps five significant digits and drops zeros that say nothing', () => {
    expect(formatNumber(0.123456789)).toBe('0.12346');
    expect(formatNumber(0.5)).toBe('0.5');
    expect(formatNumber(-3.14159265)).toBe('−3.1416');
  });
  it('writes the very small and the very large with an exponent', () => {
    expect(formatNumber(0.00000123456)).toBe('1.235e-6');
    expect(formatNumber(123456789.5)).toBe('1.235e8');
  });
  it('names what is no number', () => {
    expect(formatNumber(NaN)).toBe('NaN');
    expect(formatNumber(-Infinity)).toBe('−∞');
  });
});

describe('formatValue', () => {
  it('shows NaN from the wire as NaN and media by their type', () => {
    expect(formatValue('NaN')).toBe('NaN');
    expect(formatValue({ _type: 'image-file', path: 'x' })).toBe('⟨image-file⟩');
    expect(formatValue([1, 'a'])).toBe('[1,"a"]');
    expect(formatValue(undefined)).toBe('');
    expect(formatValue(false)).toBe('false');
  });
});

describe('times', () => {
  it('writes durations in the two units that matter', () => {
    expect(formatDuration(4.26)).toBe('4.3 s');
    expect(formatDuration(59.6)).toBe('1 m 00 s');
    expect(formatDuration(3600 * 2 + 61)).toBe('2 h 01 m');
    expect(formatDuration(86400 * 3 + 3600 * 5)).toBe('3 d 5 h');
    expect(formatDuration(NaN)).toBe('');
  });
  it('takes a time without a zone for UTC', () => {
    expect(parseTime('2026-01-02T03:04:05')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTime('2026-01-02T03:04:05.250Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 250));
    expect(parseTime('2026-01-02T03:04:05+01:00')).toBe(Date.UTC(2026, 0, 2, 2, 4, 5));
    expect(parseTime(null)).toBeNaN();
  });
  it('says how long ago', () => {
    const now = Date.UTC(2026, 0, 20);
    expect(formatAgo(now - 3000, now)).toBe('just now');
    expect(formatAgo(now - 125_000, now)).toBe('2 min ago');
    expect(formatAgo(now - 3 * 86400_000, now)).toBe('3 d ago');
    expect(formatAgo(NaN, now)).toBe('');
  });
});

it('writes bytes and counts', () => {
  expect(formatBytes(900)).toBe('900 B');
  expect(formatBytes(1536)).toBe('1.5 KiB');
  expect(plural(1, 'run')).toBe('1 run');
  expect(plural(12345, 'run')).toBe('12,345 runs');
});


it('makes sentences of what is only their inside', () => {
  expect(sentence('its value 3 is worse')).toBe('Its value 3 is worse.');
  expect(sentence(' Done. ')).toBe('Done.');
  expect(sentence('')).toBe('');
});
