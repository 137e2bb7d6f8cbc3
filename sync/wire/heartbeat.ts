/**
 * A heartbeat is presence: small, unsigned and lossy. It may move last-seen and prompt a request
 * for signed state; it never confirms, raises or changes anything.
 */
import { z } from 'zod';
import { callWithinMs } from '../core/limits.ts';
import { sequence } from './shape.ts';

/** Counts since the agent started. */
const seq = sequence;
/** First 16 hex digits of the newest reported state's hash. */
const state = z.string().regex(/^[0-9a-f]{16}$/);
/** When the next one comes at the latest; offline is three of these. */
const nextBeatMs = z.int().min(1_000).max(3_600_000);

const spelledOut = z.strictObject({
  v: z.literal(1),
  seq,
  state,
  generation: sequence,
  nextBeatMs,
});
/** Names would be half of it, a thousand times a day on a mobile link. */
const inOrder = z.tuple([z.literal(2), seq, state, sequence, nextBeatMs]);

/** Reads both forms: agents of before spell it out. */
export const heartbeatSchema = z.union([
  spelledOut.transform(({ v: _v, ...beat }) => beat),
  inOrder.transform(([, count, hash, generation, next]) => ({
    seq: count,
    state: hash,
    generation,
    nextBeatMs: next,
  })),
]);
export type Heartbeat = z.infer<typeof heartbeatSchema>;

export const heartbeatText = ({ seq, state, generation, nextBeatMs }: Heartbeat): string =>
  JSON.stringify([2, seq, state, generation, nextBeatMs] satisfies z.infer<typeof inOrder>);

/** A poke hints that a newer desired state may exist; the device compares and fetches. */
export const pokeSchema = z.strictObject({ generation: sequence });
/** The same to a whole site: its snapshot has this version now. */
export const sitePokeSchema = z.strictObject({ snapshot: sequence });
/**
 * Somebody looks at this device: it beats and sends quickly for so long. Only a hint, so anybody who
 * could forge it makes a device talkative and no more.
 */
export const attendSchema = z.strictObject({ forMs: z.int().min(1).max(300_000) });
/**
 * To a whole site, from an ingest that came back: greetings are answered again. Each device that waits
 * for an answer asks at a moment of its own within so long. Only a hint: forged, it costs one greeting.
 */
export const callSchema = z.strictObject({
  withinMs: z.int().min(callWithinMs.min).max(callWithinMs.max),
});
export type Poke = z.infer<typeof pokeSchema>;
