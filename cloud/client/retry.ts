/**
 * Whether and when a request is sent again. A pure decision: what may be repeated is what changes
 * nothing, what bears an idempotency key, and what the cloud says it has not looked at.
 */
export type Tried = {
  /** Counts from 1. */
  attempt: number;
  attemptsMax: number;
  /** It may be carried out twice without harm. */
  repeatable: boolean;
  /** Its body is gone once it was sent. */
  streamed: boolean;
  outcome: { kind: 'no-answer' } | { kind: 'answer'; status: number; retryAfterMs: number | null };
};

const firstDelayMs = 250;
/** Longer waits are the caller's: it learns how long. */
const delayMsMax = 10_000;

/** Milliseconds to wait before the next attempt, or null for no further one. `chance` is 0 to 1. */
export const retryDelayMs = (tried: Tried, chance: number): number | null => {
  const { attempt, attemptsMax, repeatable, streamed, outcome } = tried;
  if (attempt >= attemptsMax || streamed) return null;
  // Half of the delay is by chance, so that many callers don't come back together.
  const delayMs = firstDelayMs * 2 ** (attempt - 1) * (0.5 + chance / 2);
  if (outcome.kind === 'no-answer') return repeatable ? delayMs : null;
  const { status, retryAfterMs } = outcome;
  // 429: refused before anything was done.
  const again = status === 429 || (repeatable && [502, 503, 504].includes(status));
  if (!again) return null;
  const waitMs = Math.max(retryAfterMs ?? 0, delayMs);
  return waitMs <= delayMsMax ? waitMs : null;
};
