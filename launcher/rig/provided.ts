/**
 * What the rig gives every system and browser test, by `inject('postgresUrl')` and so on. The
 * same shape is what `.signalbeam/rig.json` holds for a rig that is already running.
 */
import { z } from 'zod';

export const providedSchema = z.strictObject({
  /** Superuser, no fsync: make a database of your own with `freshDatabase`. */
  postgresUrl: z.string(),
  dockerSocket: z.string(),
  podmanSocket: z.string(),
  redisUrl: z.string(),
  azuriteConnection: z.string(),
  /** An ordinary OCI registry on loopback, plain HTTP. */
  registryUrl: z.string(),
  chromiumPath: z.string(),
});

export type Provided = z.infer<typeof providedSchema>;

export const providedKeys = Object.keys(providedSchema.shape) as (keyof Provided)[];

declare module 'vitest' {
  interface ProvidedContext extends Provided {}
}
