/** Lists of the API, page after page. */
import type { Ask } from './request.ts';
import type { Page } from './types.ts';

const segment = encodeURIComponent;
/** A page that shows so many says that there may be more (`isCut`). */
export const listMax = 500;
export const pageSize = 100;

/** Lists come as `{<key>: […], nextCursor}`; a bare array is taken as the whole list. */
export const collect = async <T>(ask: Ask, path: string, key: string): Promise<T[]> => {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const join = path.includes('?') ? '&' : '?';
    const paged = `${path}${join}limit=${pageSize}`;
    const page = await ask<Page<string, T> | T[]>(
      'GET',
      cursor ? `${paged}&cursor=${segment(cursor)}` : paged,
    );
    if (Array.isArray(page)) return page;
    items.push(...((page[key] as T[] | undefined) ?? []));
    cursor = page.nextCursor;
  } while (cursor && items.length < listMax);
  return items;
};

/** There may be more than the list that was collected: whoever shows it says so. */
export const isCut = (list: readonly unknown[]): boolean => list.length >= listMax;

/** A list that has no pages. */
export const whole = async <T>(ask: Ask, path: string, key: string): Promise<T[]> => {
  const answer = await ask<Record<string, T[]> | T[]>('GET', path);
  return Array.isArray(answer) ? answer : (answer[key] ?? []);
};
