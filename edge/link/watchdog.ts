/**
 * Distrusts a connection that looks alive: if nothing from beyond the broker was heard for a while,
 * it asks; after three silences the connection is dropped and dialled again, and after three more
 * the leaf is restarted too. Ordinary traffic is proof enough, so an idle device asks rarely.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';

export type WatchdogParts = {
  /** A question that only the far end can answer. */
  probe: () => Promise<boolean>;
  connected: () => boolean;
  reconnect: () => Promise<void>;
  /** Does nothing on a device that has no leaf of its own. */
  restartLeaf: () => Promise<void>;
  now: () => number;
  log: (level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
  everyMs?: number;
  /** After so much silence it asks; 1.5 looks unless said otherwise. */
  silenceMs?: () => number;
  timers?: Timers;
};

const missesMax = 3;

export const startWatchdog = (parts: WatchdogParts) => {
  const everyMs = parts.everyMs ?? 60_000;
  const silenceMs = parts.silenceMs ?? (() => everyMs * 1.5);
  let heardAt = parts.now();
  let misses = 0;
  let checking = false;

  const check = async (): Promise<void> => {
    if (checking || !parts.connected() || parts.now() - heardAt < silenceMs()) return;
    checking = true;
    try {
      if (await parts.probe()) return void heard();
      misses += 1;
      if (misses % missesMax === 0) await recover();
    } finally {
      checking = false;
    }
  };
  const recover = async (): Promise<void> => {
    parts.log('warn', 'Nothing is heard from the cloud; the connection is made anew', { misses });
    if (misses >= 2 * missesMax) await parts.restartLeaf();
    await parts.reconnect();
  };
  const heard = (): void => {
    heardAt = parts.now();
    misses = 0;
  };
  const cancelTimer = (parts.timers ?? systemTimers).every(everyMs, () => void check());
  return { heard, lastHeardAt: () => heardAt, stop: cancelTimer };
};
