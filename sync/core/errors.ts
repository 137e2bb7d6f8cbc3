/**
 * Failures of the environment (a daemon that is down, a full disk, a broker that refuses) as one
 * class with a stable code, so that loops can report them and APIs can map them in one place.
 * Domain outcomes are unions, not errors; bugs are assertions and crash.
 */
export class FleetError extends Error {
  readonly code: string;
  /** What the person who reads this can do next, as one sentence. */
  readonly next: string | undefined;

  /**
   * @param code stable, kebab-case, documented in docs/errors.md
   * @param message what happened and what was done about it, for a person
   */
  constructor(code: string, message: string, details: { cause?: unknown; next?: string } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'FleetError';
    this.code = code;
    this.next = details.next;
  }
}

/** Ends an exhaustive switch: reaching it is a bug. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
