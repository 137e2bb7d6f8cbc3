/**
 * What a device says of itself to the other members, over a connection that proves who it is. A
 * claim is about its sender alone; the addresses in it are hints. Fields that only newer agents
 * know are left out by older ones.
 */
import { uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

const port = z.int().min(1).max(65_535);
const host = z.string().min(1).max(64);

export const claimSchema = z.object({
  v: z.literal(1),
  /** New at each start of the agent. */
  bootId: z.string().max(64),
  name: z.string().max(200),
  /** Its way to the cloud's door: 0 none, 255 best. */
  uplink: z.int().min(0).max(255),
  willing: z.boolean(),
  always: z.boolean(),
  /** The port of the leaf it runs on the host it is reached at. */
  leafPort: port.nullable(),
  /** It is linked to the cloud, by whatever way that a neighbour may use. */
  linked: z.boolean(),
  /** Hash over the names and versions of all records it holds. */
  records: z.string().max(32),
  /** Where it reached others last. */
  peers: z.array(z.tuple([uuid, host, port])).max(256),
});
export type Claim = z.infer<typeof claimSchema>;

/** 256 addresses of 110 bytes each. */
export const claimBytesMax = 32 * 1024;
