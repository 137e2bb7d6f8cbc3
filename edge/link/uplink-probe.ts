/**
 * Whether this device reaches the cloud's door by itself, and how fast: a TCP connection to where
 * a leaf would dial, opened and closed. Seldom while the site's gateway is well, because it may
 * cost money; often while the site has none.
 */
import { connect } from 'node:net';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';

export type UplinkProbe = {
  /** 0 none, 255 best, in four steps so that it does not flutter. */
  score(): number;
  /** The site has no gateway that works: look now and often. */
  urgent(yes: boolean): void;
  stop(): void;
};

const timeoutMs = 3_000;
const lookMs = { urgent: 2_000, calm: 120_000 };
const defaultPort = 7422;
/** A LAN or fibre, a mobile network, a satellite, anything that answers at all. */
const steps = [
  { belowMs: 60, score: 255 },
  { belowMs: 300, score: 192 },
  { belowMs: 1_000, score: 128 },
  { belowMs: Number.POSITIVE_INFINITY, score: 64 },
] as const;

const tookMs = (url: string): Promise<number | null> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const startedAt = performance.now();
    const socket = connect({ host: hostname, port: port === '' ? defaultPort : Number(port) });
    const end = (ms: number | null): void => {
      socket.destroy();
      resolve(ms);
    };
    socket.setTimeout(timeoutMs, () => end(null));
    socket.once('connect', () => end(performance.now() - startedAt));
    socket.once('error', () => end(null));
  });

export const startUplinkProbe = (parts: {
  urls: readonly string[];
  random: () => number;
  onChange: () => void;
  timers?: Timers;
}): UplinkProbe => {
  const timers = parts.timers ?? systemTimers;
  let score = 0;
  let urgent = true;
  let stopped = false;
  let cancel = (): void => {};

  const look = async (): Promise<void> => {
    let best: number | null = null;
    for (const url of parts.urls) best ??= await tookMs(url);
    if (stopped) return;
    const reached = best;
    const next =
      reached === null ? 0 : (steps.find(({ belowMs }) => reached < belowMs)?.score ?? 0);
    const changed = next !== score;
    score = next;
    later();
    if (changed) parts.onChange();
  };
  const later = (): void => {
    const everyMs = urgent ? lookMs.urgent : lookMs.calm;
    cancel();
    cancel = timers.after(everyMs * (0.8 + 0.4 * parts.random()), () => void look(), 'background');
  };
  void look();
  return {
    score: () => score,
    urgent: (yes) => {
      if (yes === urgent) return;
      urgent = yes;
      if (yes) void look();
      else later();
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
