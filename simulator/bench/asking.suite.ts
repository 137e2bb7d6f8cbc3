/** Somebody who is signed in and asks for lists by turns until told to stop: what the benches of lists and of a deletion time. */
import type { BenchCloud } from './cloud.suite.ts';

export type Ask = <T>(path: string, body?: unknown, method?: string) => Promise<T>;
export type Lists = Readonly<Record<string, readonly string[]>>;

export const signIn = async (cloud: BenchCloud, email: string, password: string): Promise<Ask> => {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const ask: Ask = async (path, body, method = body === undefined ? 'GET' : 'POST') => {
    const response = await fetch(cloud.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const { token } = await ask<{ token: string }>('/api/auth/login', { email, password });
  headers['authorization'] = `Bearer ${token}`;
  return ask;
};

/** Each path at least once, `clients` at a time. Stopping answers the milliseconds of each list. */
export const startAsking = (
  ask: Ask,
  lists: Lists,
  clients: number,
): (() => Promise<ReadonlyMap<string, readonly number[]>>) => {
  const took = new Map<string, number[]>(Object.keys(lists).map((name) => [name, []]));
  const turns = Object.entries(lists).flatMap(([name, paths]) =>
    paths.map((path) => ({ name, path })),
  );
  let isEnded = false;
  let next = 0;
  const work = async (): Promise<void> => {
    while (!isEnded || next < turns.length) {
      const { name, path } = turns[next++ % turns.length] ?? { name: '', path: '/' };
      const began = performance.now();
      await ask(path);
      took.get(name)?.push(performance.now() - began);
    }
  };
  const working = Promise.all(Array.from({ length: clients }, work));
  // Whoever waits for something else first hears of an error later.
  working.catch(() => undefined);
  return async () => {
    isEnded = true;
    await working;
    return took;
  };
};
