/**
 * What every page of the operator's console is given, and how a page listens to live events.
 * Made once in main.ts.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import { type LiveEvent, parseLiveEvent } from '../data/live.ts';
import { ApiError } from '../data/request.ts';
import type { LiveStream } from '../data/stream.ts';
import type { User } from '../data/types.ts';
import { notify } from '../ui/toasts.ts';

export type App = {
  api: FleetApi;
  stream: LiveStream;
  user: User;
  navigate: (href: string) => void;
  replace: (href: string) => void;
  /** The page's own title once it knows one (a device's name). */
  entitle: (title: string) => void;
};

/** Why this user may not change anything, or null. The API holds the rule; this is its sentence. */
export const refusedByRole = (user: User): string | null =>
  user.role === 'viewer' ? 'Viewers may look, not change.' : null;

/** What the cloud's stream takes; it refuses every other word. Empty means devices, rollouts and alerts. */
export type LiveTopic =
  | 'devices'
  | 'rollouts'
  | 'alerts'
  | `device:${string}`
  | `rollout:${string}`;

/** While the page is shown: events of these topics, and a nudge to fetch all anew after a gap. */
export const followLive = (
  host: ReactiveControllerHost,
  app: () => App,
  follow: {
    topics: () => LiveTopic[];
    onEvent: (event: LiveEvent) => void;
    onResync: () => void;
  },
): ReactiveController => {
  let stops: (() => void)[] = [];
  const controller: ReactiveController = {
    hostConnected: () => {
      const { stream } = app();
      stops = [
        stream.onEvent((raw) => {
          const event = parseLiveEvent(raw);
          if (event !== null) follow.onEvent(event);
        }),
        stream.onResync(follow.onResync),
      ];
      stream.listen(follow.topics());
    },
    hostDisconnected: () => {
      for (const stop of stops) stop();
    },
  };
  host.addController(controller);
  return controller;
};

export const asError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(0, {
        code: 'console-bug',
        detail: error instanceof Error ? error.message : String(error),
      });

/** What failed and has no place of its own on the page: what happened, what to do, the code. */
export const tellFailure = (error: unknown, what = ''): void => {
  const { message, next, code, errors } = asError(error);
  const faults = errors.map((fault) => `${fault.message}.`);
  const said = [`${what}${message}`, ...faults, ...(next === undefined ? [] : [next])];
  notify('bad', `${said.join(' ')} (${code})`);
};
