import { describe, expect, it } from 'vitest';
import { firstPages, type Page } from './queries';

const pages: Record<string, Page<number>> = {
  start: { items: [1, 2], total: 5, next: 'b' },
  b: { items: [3, 4], total: 5, next: 'c' },
  c: { items: [5], total: 5, next: null },
};
const load = (after: string | null) => Promise.resolve(pages[after ?? 'start']!);

describe('firstPages', () => {
  it('reads as many as are wanted and says how to go on', async () => {
    expect(await firstPages(2, load)).toEqual({ items: [1, 2, 3, 4], total: 5, next: 'c' });
  });
  it('stops at the last page', async () => {
    expect(await firstPages(9, load)).toEqual({ items: [1, 2, 3, 4, 5], total: 5, next: null });
  });
});
