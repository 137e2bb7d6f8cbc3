/**
 * A heartbeat is presence: small, unsigned and lossy. It may move last-seen and prompt a request
 * for signed state; it never confirms, raises or changes anything.
 */
import { z } from 'zod';
import { sequence } from './shape.ts';

export const heartbeatSchema = z.strictObject({
  v: z.literal(1),
  /** Counts since the agent started. */
  seq: sequence,
  /** First 16 hex digits of the newest reported state's hash. */
  state: z.string().regex(/^[0-9a-f]{16}$/),
  generation: sequence,
  /** When the next one comes at the latest; offline is three of these. */
  nextBeatMs: z.int().min(1_000).max(3_600_000),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** A poke hints that a newer desired state may exist; the device compares and fetches. */
export const pokeSchema = z.strictObject({ generation: sequence });
/** The same to a whole site: its snapshot has this version now. */
export const sitePokeSchema = z.strictObject({ snapshot: sequence });
/**
 * Somebody looks at this device: it beats and sends quickly for so long. Only a hint, so anybody who
 * could forge it makes a device talkative and no more.
 */
export const attendSchema = z.strictObject({ forMs: z.int().min(1).max(300_000) });
export type Poke = z.infer<typeof pokeSchema>;
