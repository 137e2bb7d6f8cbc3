/**
 * One thing a screen shows: fetched, refreshed on request, kept when a refresh fails. At most one
 * request runs and one waits, so a burst of live events costs two requests.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { ApiError } from './request.ts';

export type Resource<T> = ReactiveController & {
  readonly value: T | undefined;
  /** When `value` was true, by this browser's clock. */
  readonly at: number | null;
  readonly error: ApiError | null;
  refresh: () => void;
  patch: (change: (value: T) => T) => void;
  /** The server sent the whole of it unasked. */
  put: (value: T) => void;
};

const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(0, {
        code: 'console-bug',
        detail: `The console failed: ${error instanceof Error ? error.message : String(error)}`,
        next: 'Reload the page.',
      });

/** Several refreshes within this time become one. */
const gatherMs = 120;

/** `when-asked`: nothing is fetched before the first `refresh`. */
export const createResource = <T>(
  host: ReactiveControllerHost,
  load: () => Promise<T>,
  begin: 'at-once' | 'when-asked' = 'at-once',
): Resource<T> => {
  let state: { value: T | undefined; at: number | null; error: ApiError | null } = {
    value: undefined,
    at: null,
    error: null,
  };
  let running = false;
  let again = false;
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let connected = false;
  const set = (next: Partial<typeof state>): void => {
    state = { ...state, ...next };
    if (connected) host.requestUpdate();
  };
  const run = async (): Promise<void> => {
    running = true;
    try {
      const value = await load();
      set({ value, at: Date.now(), error: null });
    } catch (error) {
      set({ error: asApiError(error) });
    }
    running = false;
    if (again && connected) {
      again = false;
      void run();
    }
  };
  const start = (): void => {
    if (running) again = true;
    else void run();
  };
  const resource: Resource<T> = {
    get value() {
      return state.value;
    },
    get at() {
      return state.at;
    },
    get error() {
      return state.error;
    },
    refresh: () => {
      clearTimeout(gathering);
      gathering = setTimeout(start, state.value === undefined ? 0 : gatherMs);
    },
    patch: (change) => {
      if (state.value !== undefined) set({ value: change(state.value), at: Date.now() });
    },
    put: (value) => set({ value, at: Date.now(), error: null }),
    hostConnected: () => {
      connected = true;
      if (begin === 'at-once') start();
    },
    hostDisconnected: () => {
      connected = false;
      clearTimeout(gathering);
    },
  };
  host.addController(resource);
  return resource;
};
