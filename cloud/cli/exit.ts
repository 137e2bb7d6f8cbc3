/**
 * How a command can end besides well, and the exit code of each: docs/cli.md lists them for scripts.
 * A code is never given another meaning.
 */
import { ProblemError, UnreachableError } from '@signalbeam/client/problem';
import { FleetError } from '@signalbeam/sync/core/errors';

export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  notSignedIn: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 6,
  rolloutFailed: 7,
  stillWaiting: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A wrong command line; nothing was done. */
export class UsageError extends Error {}

export const notSignedIn = (url: string | null): FleetError =>
  new FleetError(
    'not-signed-in',
    url === null ? 'Nobody is signed in here.' : `Nobody is signed in at ${url} here.`,
    {
      next: 'Sign in with `signalbeam login --url URL`, or set SIGNALBEAM_TOKEN and SIGNALBEAM_URL.',
    },
  );

export const notFound = (what: string, next?: string): FleetError =>
  new FleetError('not-found', what, next === undefined ? {} : { next });

const byFleetCode: Readonly<Record<string, ExitCode>> = {
  'not-signed-in': exitCodes.notSignedIn,
  'not-found': exitCodes.notFound,
  interrupted: exitCodes.interrupted,
  ambiguous: exitCodes.conflict,
};

const codeOfProblem = ({ status, code }: ProblemError): ExitCode => {
  if (code === 'unreadable-query') return exitCodes.usage;
  if (status === 401) return exitCodes.notSignedIn;
  if (status === 404) return exitCodes.notFound;
  if (status === 409 || status === 412) return exitCodes.conflict;
  return status === 429 || status === 503 ? exitCodes.unreachable : exitCodes.refused;
};

/** Null for what is a bug: that one crashes with its stack. */
export const exitCodeOf = (error: unknown): ExitCode | null => {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof UnreachableError) return exitCodes.unreachable;
  if (error instanceof ProblemError) return codeOfProblem(error);
  if (error instanceof FleetError) return byFleetCode[error.code] ?? exitCodes.refused;
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  return null;
};
