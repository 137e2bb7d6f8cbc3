/**
 * How fast a device talks to the cloud. Idle and unobserved it is quiet, because every beat and
 * every frame costs a mobile link more in wrapping than in content; it is quick while somebody
 * looks, while an update runs, and while the host is in trouble. Pure.
 */
import { sampleHoldMs } from '@signalbeam/sync/core/limits';

export type Doing = {
  /** When the agent started, on the same clock. */
  startedAtMs: number;
  /** Somebody looks at it, as the cloud said, until then. */
  lookedAtUntilMs: number;
  /** An update is under way. */
  updating: boolean;
  /** The newest sample says that the host is in trouble. */
  strained: boolean;
  /** The host has become another (./moved.ts), which is told until then. */
  movedUntilMs: number;
};

export type Pace = {
  /** Between two heartbeats. */
  beatMs: number;
  /** How long a sample may wait for others to go with. */
  holdMs: number;
  /** After so much silence it asks whether the way to the cloud still works. */
  silenceMs: number;
};

/** While it matters: silence shows after half a minute. */
const quickBeatMs = 10_000;
/** Its first samples, which are committed once a minute, go at once: who installs it looks for them. */
const newMs = 90_000;
const silenceMs = { quick: 90_000, calm: 300_000 };

/** `beatMs` and `hold` are the owner's choice for the calm pace. */
export const paceOf = (
  doing: Doing,
  calm: { beatMs: number; hold: boolean },
  now: number,
): Pace => {
  const beatMs = Math.min(calm.beatMs, quickBeatMs);
  if (doing.lookedAtUntilMs > now || doing.updating) {
    return { beatMs, holdMs: 0, silenceMs: silenceMs.quick };
  }
  const isNew = now < doing.startedAtMs + newMs;
  const isTold = doing.strained || isNew || now < doing.movedUntilMs;
  const holdMs = calm.hold && !isTold ? sampleHoldMs : 0;
  return { beatMs: calm.beatMs, holdMs, silenceMs: silenceMs.calm };
};

/**
 * Of a sample, what can be trouble; null what could not be read. A busy processor is none: gateways
 * are bought to be busy. That it has become busy is told for a while.
 */
export type Strain = Record<'memoryPercent' | 'diskPercent' | 'temperatureCelsius', number | null>;

const strained = { percent: 90, temperatureCelsius: 85 };

/** What an operator would want to be told soon, whatever may be the threshold of an alert. */
export const isStrained = (sample: Strain): boolean =>
  [sample.memoryPercent, sample.diskPercent].some(
    (percent) => percent !== null && percent >= strained.percent,
  ) ||
  (sample.temperatureCelsius !== null && sample.temperatureCelsius >= strained.temperatureCelsius);
