/**
 * Who this device is: its one Ed25519 key and its sealing key, made at the first start, in a 0600
 * file of their own. The private halves never leave the device, and are in no log or message.
 */
import { join } from 'node:path';
import { createSealingPair } from '@signalbeam/sync/wire/keys';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { base64 } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './files.ts';

const identitySchema = z.strictObject({
  version: z.literal(1),
  nkey: z.string().regex(/^U[A-Z2-7]{55}$/),
  seed: z.string().regex(/^SU[A-Z2-7]{56}$/),
  sealing: z.strictObject({ publicKey: base64.length(44), privateKey: base64.length(44) }),
});
export type Identity = z.infer<typeof identitySchema>;

const pathIn = (folder: string): string => join(folder, 'identity.json');

export const readIdentity = (folder: string): Identity | null =>
  readJsonFile(pathIn(folder), identitySchema);

/** The identity of this folder; made now if there is none. */
export const ensureIdentity = (folder: string): Identity => {
  const existing = readIdentity(folder);
  if (existing !== null) return existing;
  const identity: Identity = { version: 1, ...createDeviceKey(), sealing: createSealingPair() };
  writeJsonFile(pathIn(folder), identity);
  return identity;
};
