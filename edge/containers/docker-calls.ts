/**
 * dockerode with a deadline and our failures around every call. `host` is set empty because
 * docker-modem otherwise lets DOCKER_HOST of the environment win over the socket we were given.
 */
import Docker from 'dockerode';
import { withDeadline } from './deadline.ts';
import { errorCode, isSocketFailure, refused, unreachableEngine } from './failures.ts';

export type CallOptions = { timeoutMs?: number; signal?: AbortSignal | undefined };

export type DockerCalls = {
  docker: Docker;
  socketPath: string;
  /** `what` completes the sentence "could not …". */
  call<T>(
    what: string,
    act: (signal: AbortSignal) => Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
};

/** Enough for a busy Raspberry Pi; a daemon that needs longer is hung or as good as. */
const callTimeoutMs = 20_000;

export const openDockerCalls = (
  socketPath: string,
  defaultTimeoutMs = callTimeoutMs,
): DockerCalls => {
  const docker = new Docker({ socketPath, host: '', protocol: 'http' });
  return {
    docker,
    socketPath,
    call: async (what, act, { timeoutMs = defaultTimeoutMs, signal } = {}) => {
      try {
        return await withDeadline({ what, timeoutMs, signal }, act);
      } catch (cause) {
        throw asFailure(what, socketPath, cause);
      }
    },
  };
};

/** dockerode takes an abort signal in every call; its types leave it out of some. */
export const aborting = <T extends object>(
  signal: AbortSignal,
  options: T = {} as T,
): T & { abortSignal: AbortSignal } => ({ ...options, abortSignal: signal });

export const statusOf = (cause: unknown): number => {
  if (typeof cause !== 'object' || cause === null || !('statusCode' in cause)) return 0;
  return typeof cause.statusCode === 'number' ? cause.statusCode : 0;
};

export const asFailure = (what: string, socketPath: string, cause: unknown): unknown => {
  const status = statusOf(cause);
  if (status > 0) return refused(what, { status, message: messageOf(cause) }, cause);
  if (isSocketFailure(cause) || errorCode(cause) === 'HPE_INVALID_CONSTANT') {
    return unreachableEngine(what, socketPath, cause);
  }
  return cause;
};

/** dockerode puts "(HTTP code 500) server error - " before what the daemon said. */
const messageOf = (cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/^\(HTTP code \d+\) [^-]* - /, '');
};
