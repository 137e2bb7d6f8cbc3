/**
 * One way to ask the API: JSON in, JSON out, a deadline, and failures as one class that screens
 * print as they are (what happened, what to do, a code). It never retries: the live stream says
 * when asking again makes sense, and a person who tries again does nothing twice (`once`).
 */
import { type Basis, changedMeanwhile, ifMatchOf, type LastChange, rememberTag } from './basis.ts';
import { createOnce } from './once.ts';
import type { Renew } from './renew.ts';
import { countWrite } from './writes.ts';

export type FieldError = { path: string; message: string };

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string | undefined;
  readonly errors: readonly FieldError[];

  constructor(
    status: number,
    problem: { code: string; detail: string; next?: string; errors?: readonly FieldError[] },
  ) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code;
    this.next = problem.next;
    this.errors = problem.errors ?? [];
  }
}

const requestMs = 20_000;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const problemFrom = (status: number, body: unknown): ApiError => {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const next = text(problem['next']);
  const errors = Array.isArray(problem['errors']) ? (problem['errors'] as FieldError[]) : [];
  return new ApiError(status, {
    code: text(problem['code']) ?? `http-${status}`,
    detail: text(problem['detail']) ?? text(problem['title']) ?? `The server answered ${status}.`,
    ...(next === undefined ? {} : { next }),
    errors,
  });
};

/** What an answer that is no success says. */
export const readProblem = async (response: Response): Promise<ApiError> =>
  problemFrom(response.status, parseJson(await response.text()));

/** What may have been done all the same is not called undone. */
const unansweredWords = (method: string, hasKey: boolean) => {
  if (method === 'GET')
    return { detail: 'The server did not answer.', next: 'Check the connection and try again.' };
  const detail = 'The server did not answer, so it is not known whether this was done.';
  const next = hasKey
    ? 'Check the connection and try again: it is not done twice.'
    : 'Check the connection, and look at it before you try again.';
  return { detail, next };
};

const unreachableServer = (cause: unknown, method = 'GET', hasKey = false): ApiError =>
  new ApiError(0, {
    code: cause instanceof DOMException && cause.name === 'TimeoutError' ? 'timeout' : 'no-answer',
    ...unansweredWords(method, hasKey),
  });

export type Ask = <T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  /** What the change was made from, where two people may have the same before them. */
  basis?: Basis,
) => Promise<T>;

type Answered = { response: Response; answer: unknown };

const once = createOnce();

const askOnce = async (
  method: string,
  path: string,
  body: unknown,
  ifMatch?: string,
): Promise<Answered> => {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const key = once.keyFor(method, path, sent, Date.now());
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(key === null ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: sent }),
      signal: AbortSignal.timeout(requestMs),
    });
    const raw = await response.text();
    const answer = raw === '' ? null : parseJson(raw);
    rememberTag(answer, response.headers.get('etag'));
    once.answered(path, sent, response.status, problemFrom(response.status, answer).code);
    return { response, answer };
  } catch (cause) {
    throw unreachableServer(cause, method, key !== null);
  }
};

/** Refused here, it is not the sign-in that ended: that is what was asked for. */
const asksToSignIn = ['/api/auth/login', '/api/auth/invitation'];

/** Who was faster, as far as this person may know. */
const lastChangeOf = async ({ target }: Basis): Promise<LastChange> => {
  const path = `/api/audit?${new URLSearchParams({ target, limit: '1' })}`;
  const { response, answer } = await askOnce('GET', path, undefined);
  if (!response.ok) return null;
  return (answer as { entries?: NonNullable<LastChange>[] }).entries?.[0] ?? null;
};

const overtaken = async (basis: Basis): Promise<ApiError> => {
  const last = await lastChangeOf(basis).catch(() => null);
  return new ApiError(412, {
    code: 'version-changed',
    ...changedMeanwhile(basis, last, Date.now()),
  });
};

/**
 * A sign-in whose token ran out is renewed, and what was refused is asked once more. `onSignedOut`
 * runs when the session has ended, before the error is thrown.
 */
export const createAsk = (options: { onSignedOut: () => void; renew?: Renew }): Ask => {
  const askRenewing = async <T>(
    method: string,
    path: string,
    body?: unknown,
    basis?: Basis,
  ): Promise<T> => {
    const ifMatch = basis === undefined ? undefined : ifMatchOf(basis);
    let { response, answer } = await askOnce(method, path, body, ifMatch);
    const ended = response.status === 401 && !asksToSignIn.includes(path);
    if (ended && options.renew !== undefined) {
      const renewed = await options.renew();
      if (renewed === 'unanswered') throw unreachableServer(null);
      if (renewed === 'renewed')
        ({ response, answer } = await askOnce(method, path, body, ifMatch));
    }
    if (response.ok) return answer as T;
    if (response.status === 401 && ended) options.onSignedOut();
    if (response.status === 412 && basis !== undefined) throw await overtaken(basis);
    throw problemFrom(response.status, answer);
  };
  return (method, path, body, basis) => {
    const asked = askRenewing<never>(method, path, body, basis);
    return method === 'GET' ? asked : countWrite(asked);
  };
};

const parseJson = (raw: string): unknown => {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
};

/** Sends bytes, in whatever time it takes, and tells how far it is: `fetch` can't, so this is XMLHttpRequest. */
export const send = <T>(
  method: 'POST' | 'PUT',
  path: string,
  body: Blob | null,
  watch: { signal: AbortSignal; onSent?: (bytes: number) => void },
): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded }) => watch.onSent?.(loaded);
    request.onerror = () => reject(unreachableServer(null));
    request.onabort = () =>
      reject(new ApiError(0, { code: 'cancelled', detail: 'The upload was stopped.' }));
    request.onload = () => {
      const answer = parseJson(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(answer as T);
      else reject(problemFrom(request.status, answer));
    };
    watch.signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
