/**
 * A planted bug: what it puts in place of a port or of a decision of the simulated world. Product
 * code knows nothing of it; a world without a bug uses the real ones.
 */
import type { Bend } from '../world/device.ts';
import type { IngestParts } from '../world/ingest.ts';

export type Bug = Partial<Bend> & {
  judge?: IngestParts['judge'];
  flaws?: NonNullable<IngestParts['flaws']>;
};
