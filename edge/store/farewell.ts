/**
 * What remains of a device that was told to wipe itself: first what it has still to do, then what
 * became of it, for whoever finds it. Holds no key. It is written before anything is removed, so a
 * power cut in between only means that the wiping goes on.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { removals, wipes } from '@signalbeam/sync/core/removal';
import { siteName, timestampMs, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './files.ts';

/** Far more than an agent keeps. */
const imagesMax = 1_000;

const farewellSchema = z.strictObject({
  version: z.literal(1),
  step: z.enum(['wiping', 'wiped']),
  removal: z.enum(removals),
  wipe: z.enum(wipes),
  cloudUrl: z.url(),
  deviceId: uuid,
  name: z.string().max(200),
  site: siteName,
  at: timestampMs,
  /** Images that the agent fetched, by the references under which the engine knows them. */
  images: z.array(z.string().max(500)).max(imagesMax),
});
export type Farewell = z.infer<typeof farewellSchema>;

export const farewellFile = 'farewell.json';
const pathIn = (folder: string): string => join(folder, farewellFile);

export const readFarewell = (folder: string): Farewell | null =>
  readJsonFile(pathIn(folder), farewellSchema);
export const writeFarewell = (folder: string, farewell: Farewell): void =>
  writeJsonFile(pathIn(folder), { ...farewell, images: farewell.images.slice(0, imagesMax) });
/** The folder begins anew. */
export const clearFarewell = (folder: string): void => rmSync(pathIn(folder), { force: true });
