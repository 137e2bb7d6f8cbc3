/**
 * Errors as people and programs read them: RFC 9457 with a stable code. The one map from code to
 * HTTP status; a code that is not in it is a bug and answers 500 without its text.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { isCutOff, isUnavailable } from '../postgres/pool.ts';

/** Add a code here before you throw it; docs/errors.md lists them for people. */
export const statusByCode = {
  'invalid-request': 400,
  'malformed-json': 400,
  'unreadable-query': 400,
  unauthenticated: 401,
  'invalid-credentials': 401,
  'second-factor-needed': 401,
  'invalid-token': 401,
  'expired-token': 401,
  forbidden: 403,
  'foreign-origin': 403,
  'wrong-password': 403,
  'invitation-unknown': 403,
  'sign-up-closed': 403,
  'sign-up-unknown': 403,
  'oidc-refused': 403,
  'quota-reached': 403,
  'tenant-suspended': 403,
  'tenant-deleted': 403,
  'link-expired': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'device-key-taken': 409,
  'last-admin': 409,
  'keys-refused': 409,
  'already-exists': 409,
  'wrong-state': 409,
  'wrong-totp-code': 409,
  'version-exists': 409,
  'version-deprecated': 409,
  'parts-missing': 409,
  'unknown-secret': 409,
  'agent-too-old': 409,
  'still-used': 409,
  'request-in-progress': 409,
  'answer-lost': 409,
  'version-changed': 412,
  'version-required': 428,
  'idempotency-key-reused': 422,
  'registration-token-expired': 403,
  'registration-token-revoked': 403,
  'registration-token-unknown': 403,
  'registration-token-used-up': 403,
  'digest-mismatch': 422,
  'invalid-archive': 422,
  'invalid-bundle': 422,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'range-not-satisfiable': 416,
  'too-many-requests': 429,
  'client-gone': 499,
  internal: 500,
  'database-too-slow': 503,
  'database-unavailable': 503,
  'broker-unavailable': 503,
  'blob-store-unavailable': 503,
  'service-unavailable': 503,
  'disk-full': 507,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof statusByCode;

/** One thing that is wrong with a request: where (`containers[0].image`) and why. */
export type FieldError = {
  path: string;
  message: string;
  /** Where inside of a text, in UTF-16 units; `end` is behind the last. */
  start?: number;
  end?: number;
};

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  next?: string;
  errors?: FieldError[];
};

type Refusal = FleetError & { errors?: FieldError[] };

/** Makes the error to throw in a handler: `throw refusal('not-found', 'There is no such device.')`. */
export const refusal = (
  code: ProblemCode,
  detail: string,
  more: { next?: string; errors?: FieldError[]; cause?: unknown } = {},
): FleetError => {
  const { errors, ...details } = more;
  return Object.assign(new FleetError(code, detail, details), errors ? { errors } : {});
};

/** What a suspended tenant's people, programs and devices are told, wherever they ask. */
export const suspendedWords = (suspension: string) => ({
  code: 'tenant-suspended' as const,
  detail: `This tenant is suspended: ${suspension}`,
  next: 'Whoever runs this cloud can lift it. Devices go on with what they run.',
});

/** What devices of a tenant that is no more are told: by then nobody can prove to be one. */
export const deletedWords = {
  code: 'tenant-deleted' as const,
  detail: 'The tenant that this device belonged to was deleted for good.',
  next: 'Register the device anew, with a token of another tenant.',
};

const titles: Record<number, string> = {
  400: 'The request is not understood',
  401: 'Sign-in needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible here',
  409: 'In conflict with the present state',
  411: 'Length needed',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Wrong kind of content',
  416: 'Outside of the content',
  422: 'The content is not acceptable',
  428: 'A condition is needed',
  429: 'Too many requests',
  499: 'The client went away',
  500: 'Something broke',
  503: 'Not available now',
  507: 'No space',
};

export const problemBody = (
  code: ProblemCode,
  detail: string,
  more: { next?: string; errors?: FieldError[] } = {},
): ProblemBody => {
  const status = statusByCode[code];
  return {
    type: `https://signalbeam.dev/errors/${code}`,
    title: titles[status] ?? 'Error',
    status,
    code,
    detail,
    ...more,
  };
};

const isKnown = (code: string): code is ProblemCode => Object.hasOwn(statusByCode, code);

/** What a thrown error tells the client. Texts of unforeseen errors stay in the log. */
export const problemOf = (error: unknown): ProblemBody => {
  if (error instanceof FleetError && isKnown(error.code)) {
    const { errors } = error as Refusal;
    return problemBody(error.code, error.message, {
      ...(error.next === undefined ? {} : { next: error.next }),
      ...(errors === undefined ? {} : { errors }),
    });
  }
  if (isUnavailable(error)) {
    return problemBody(
      'database-unavailable',
      'The database does not answer; nothing was changed.',
      {
        next: 'Try again in a few seconds.',
      },
    );
  }
  if (isCutOff(error)) {
    return problemBody(
      'database-too-slow',
      'The database took too long over this request and was stopped; nothing was changed.',
      {
        next: 'Try again in a minute, and ask for less at once (a shorter time, a smaller page, a filter); if it stays, give the request id to the operator of this service.',
      },
    );
  }
  return problemBody('internal', 'An unforeseen error happened; it was logged.', {
    next: 'Try again; if it stays, give the request id to the operator of this service.',
  });
};

/** Seconds. What was too slow is so in five seconds, too, and each attempt costs the database much. */
const retryAfter = (code: string): string => (code === 'database-too-slow' ? '60' : '5');

export const problemResponse = (
  body: ProblemBody,
  headers: Record<string, string> = {},
): Response =>
  new Response(JSON.stringify(body), {
    status: body.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(body.status === 503 ? { 'retry-after': retryAfter(body.code) } : {}),
      ...(body.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...headers,
    },
  });
