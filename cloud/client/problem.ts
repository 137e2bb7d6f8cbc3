/**
 * What goes wrong with a request, as errors to catch: the API's own problem details (RFC 9457), or
 * that no answer came. Neither holds a token or a body that was sent.
 */
import type { components } from './api.ts';

/** `code` is stable: docs/errors.md says of each what happened and what to do. */
export type Problem = components['schemas']['Problem'];

/** The cloud answered, and refused. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  /** Of the request, to look it up in the cloud's log. */
  readonly requestId: string | null;
  /** What the cloud said to wait, if it did. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, more: { requestId?: string | null; retryAfterMs?: number | null }) {
    super(problem.detail);
    this.problem = problem;
    this.requestId = more.requestId ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No answer of the cloud came: no connection, no name, a deadline, or something else answered. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly url: string;

  constructor(url: string, reason: string, cause?: unknown) {
    super(`The cloud at ${url} can't be reached: ${reason}.`, { cause });
    this.url = url;
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  typeof value.code === 'string' &&
  'detail' in value &&
  typeof value.detail === 'string' &&
  'status' in value &&
  typeof value.status === 'number';

/** `Retry-After` in seconds or as a date. */
export const retryAfterMsOf = (headers: Headers, nowMs: number): number | null => {
  const text = headers.get('retry-after');
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
};

/** The error of an answer that is no success. Whatever is no problem document was not the cloud. */
export const errorOf = async (response: Response, origin: string): Promise<Error> => {
  const text = await response.text().catch(() => '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isProblem(value)) {
    return new UnreachableError(origin, `HTTP ${response.status} from something that is no cloud`);
  }
  return new ProblemError(value, {
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: retryAfterMsOf(response.headers, Date.now()),
  });
};
