/**
 * What a failed step means: try again later, or give this version up. A version is given up only
 * for what will not pass by itself; an engine or a link that is away is waited for. Pure.
 */
import type { SlotKnown } from '../core/known.ts';
import type { StepKind } from '../core/step.ts';

const prepareCapMs = 300_000;
const otherCapMs = 30_000;

/** Failures that the next attempt would meet again, by step. */
const lasting: Partial<Record<StepKind, readonly string[]>> = {
  'fetch-release': ['release-refused', 'release-of-another'],
  'fetch-image': [
    'blob-not-found',
    'blob-too-large',
    'image-manifest-invalid',
    'image-platform-missing',
    'image-reference-invalid',
    'image-too-large',
  ],
  'pull-image': ['image-not-found'],
  'create-container': [
    'engine-refused',
    'image-not-found',
    'volume-not-owned',
    'secret-missing',
    'secret-unreadable',
  ],
  'start-container': [
    'engine-refused',
    'port-in-use',
    'container-not-found',
    'image-not-found',
    'container-not-running',
  ],
};

export type FailureMeaning = { kind: 'give-up' } | { kind: 'retry'; delayMs: number };

/** `random` is in [0, 1): full jitter, so that a site's devices do not try in step. */
export const meaningOf = (
  slot: SlotKnown | undefined,
  step: StepKind,
  code: string,
  attempt: number,
  random: number,
): FailureMeaning => {
  const updating = slot?.update !== null && slot?.update !== undefined;
  const trying = updating && slot.update?.phase !== 'restore';
  if (trying && (lasting[step] ?? []).includes(code)) return { kind: 'give-up' };
  const capMs = trying && slot.update?.phase === 'prepare' ? prepareCapMs : otherCapMs;
  const delayMs = Math.min(capMs, 1_000 * 2 ** Math.min(attempt, 20));
  return { kind: 'retry', delayMs: delayMs / 2 + (delayMs / 2) * random };
};
