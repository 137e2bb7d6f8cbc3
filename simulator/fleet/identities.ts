/**
 * Who the devices of a fleet are, kept in a folder so that it can be started again: a line each in one
 * file of the person's own (0600), with their private keys, which belong to nothing real.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { createSealingPair } from '@signalbeam/sync/wire/keys';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { base64, parseJson, siteName, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

const identitySchema = z.strictObject({
  deviceId: uuid,
  tenantId: uuid,
  site: siteName,
  name: z.string().max(200),
  nkey: z.string().regex(/^U[A-Z2-7]{55}$/),
  seed: z.string().regex(/^SU[A-Z2-7]{56}$/),
  sealingKey: base64.length(44),
});
export type FleetIdentity = z.infer<typeof identitySchema>;

const lineBytesMax = 2_048;
const fileOf = (folder: string): string => join(folder, 'identities.ndjson');

/** Keys that no device has yet; the cloud gives the rest. */
export const newKeys = () => {
  const { nkey, seed } = createDeviceKey();
  return { nkey, seed, sealingKey: createSealingPair().publicKey };
};

export const readIdentities = (folder: string): FleetIdentity[] => {
  const file = fileOf(folder);
  if (!existsSync(file)) return [];
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new FleetError('fleet-folder-exposed', `Others may read ${file}; it was not used.`, {
      next: `chmod 600 ${file}`,
    });
  }
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const parsed = parseJson(line, identitySchema, lineBytesMax);
      if (parsed.kind === 'parsed') return parsed.value;
      throw new FleetError(
        'fleet-folder-damaged',
        `Line ${index + 1} of ${file}: ${parsed.reason}.`,
        {
          next: 'Give another --folder, or remove this one; its devices stay registered.',
        },
      );
    });
};

export const addIdentity = (folder: string, identity: FleetIdentity): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  appendFileSync(fileOf(folder), `${JSON.stringify(identity)}\n`, { mode: 0o600 });
};
