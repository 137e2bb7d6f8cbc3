/**
 * A container's log from the cloud as it is written. Leaving the page ends it, and so the session on
 * the device. A line that breaks is opened anew a few times; what the cloud ended is told, not tried.
 */
import type { LogEntry } from './log-lines.ts';
import { ApiError, readProblem } from './request.ts';
import { parseServerEvents, type ServerEvent } from './sse.ts';

export type LogEnd = {
  reason: string;
  says: string;
  lastSeenAt: string | null;
  lastFailure: { at: string; message: string; lines: string[] } | null;
};

export type LogState =
  | { kind: 'opening' }
  | { kind: 'live' }
  | { kind: 'again' }
  | { kind: 'ended'; end: LogEnd }
  | { kind: 'refused'; error: ApiError };

export type LogWish = {
  deviceId: string;
  container: string;
  bundle: string;
  tail: number;
};

const silenceMsMax = 40_000;
const attemptsMax = 5;
/** Ended because of the way, not of what is at its ends. */
const worthAnother = new Set(['silent', 'unread', 'restarting']);

const addressOf = ({ deviceId, container, bundle, tail }: LogWish): string =>
  `/api/devices/${encodeURIComponent(deviceId)}/logs?${new URLSearchParams({
    ...{ container, bundle, tail: String(tail) },
  })}`;

type On = {
  state: (state: LogState) => void;
  entries: (entries: LogEntry[]) => void;
  /** The sign-in ran out; true when it was renewed. */
  renew: () => Promise<boolean>;
};

/** Reads one stream: how it ended, or null when the line broke. */
const readOnce = async (
  address: string,
  signal: AbortSignal,
  on: { event: (event: ServerEvent) => void; renew: On['renew'] },
): Promise<'broken' | ApiError> => {
  const silence = new AbortController();
  let watchdog = setTimeout(() => silence.abort(), silenceMsMax);
  const open = () =>
    fetch(address, {
      headers: { accept: 'text/event-stream' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
  try {
    let response = await open();
    if (response.status === 401 && (await on.renew())) response = await open();
    if (!response.ok || response.body === null) return await readProblem(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'broken';
      clearTimeout(watchdog);
      watchdog = setTimeout(() => silence.abort(), silenceMsMax);
      const parsed = parseServerEvents(rest, value);
      rest = parsed.rest;
      for (const event of parsed.events) on.event(event);
    }
  } catch {
    return 'broken';
  } finally {
    clearTimeout(watchdog);
  }
};

/** Follows until it is closed; returns how to close it. */
export const followLog = (wish: LogWish, on: On): (() => void) => {
  const leave = new AbortController();
  const run = async (): Promise<void> => {
    for (let attempt = 0; attempt <= attemptsMax && !leave.signal.aborted; attempt += 1) {
      on.state({ kind: attempt > 0 ? 'again' : 'opening' });
      let end: LogEnd | null = null;
      const outcome = await readOnce(addressOf(wish), leave.signal, {
        renew: on.renew,
        event: ({ type, data }) => {
          if (type === 'lines') {
            on.state({ kind: 'live' });
            on.entries((JSON.parse(data) as { entries: LogEntry[] }).entries);
          } else if (type === 'ended') end = JSON.parse(data) as LogEnd;
        },
      });
      if (leave.signal.aborted) return;
      if (outcome instanceof ApiError) return on.state({ kind: 'refused', error: outcome });
      if (end !== null && !worthAnother.has((end as LogEnd).reason)) {
        return on.state({ kind: 'ended', end });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(15_000, 1_000 * 2 ** attempt)));
    }
    if (!leave.signal.aborted) on.state({ kind: 'ended', end: brokenEnd });
  };
  void run();
  return () => leave.abort();
};

const brokenEnd: LogEnd = {
  reason: 'no-answer',
  says: 'The cloud can’t be reached from here.',
  lastSeenAt: null,
  lastFailure: null,
};
