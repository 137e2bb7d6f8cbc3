/**
 * Whether this device reaches the cloud's door by itself, and how fast: a TCP connection to where
 * a leaf would dial, opened and closed. Seldom while the site's gateway is well, because it may
 * cost money; often while the site has none.
 */
import { connect } from 'node:net';
import type { Timers } from '../core/timers.ts';
import { noUplink, scoreAfter } from '../core/uplink-score.ts';
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
  let known = noUplink;
  let urgent = true;
  let stopped = false;
  let cancel = (): void => {};

  const look = async (): Promise<void> => {
    let best: number | null = null;
    for (const url of parts.urls) best ??= await tookMs(url);
    if (stopped) return;
    const before = known;
    known = scoreAfter(before, best);
    const changed = known.score !== before.score;
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
    score: () => known.score,
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
