/**
 * A planted bug: what it puts in place of a port or of a decision of the simulated world. Product
 * code knows nothing of it; a world without a bug uses the real ones.
 */
import type { ClaimSeal } from '@signalbeam/sync/mesh/message';
import type { PacketCrypto } from '@signalbeam/sync/wire/mesh-packet';
import type { Decisions } from '../rollouts/tables.ts';
import type { Bend } from '../world/device.ts';
import type { IngestParts } from '../world/ingest.ts';
import type { SiteParts } from '../world/site-life.ts';

/** Of the site: what passes between its devices, and what each makes of it. */
type SiteBug = Partial<Pick<SiteParts, 'choose' | 'tables' | 'serves'>> & {
  packets?: (packets: PacketCrypto) => PacketCrypto;
  claims?: (seal: ClaimSeal) => ClaimSeal;
};

export type Bug = Partial<Bend> &
  SiteBug & {
    judge?: IngestParts['judge'];
    sender?: IngestParts['sender'];
    flaws?: NonNullable<IngestParts['flaws']>;
    /** Of rollouts. */
    decide?: Partial<Decisions>;
  };
