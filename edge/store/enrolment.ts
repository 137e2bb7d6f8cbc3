/**
 * How far this device has come with the cloud: registered where, as what, and what it received on
 * approval. The root key inside is pinned: a later enrolment with another one is refused.
 */
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type Enrolment, enrolmentSchema } from '@signalbeam/sync/wire/enrolment';
import { type Keyset, openKeyset } from '@signalbeam/sync/wire/records';
import { siteName, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './files.ts';

const registered = {
  version: z.literal(1),
  cloudUrl: z.url(),
  deviceId: uuid,
  tenantId: uuid,
  site: siteName,
  name: z.string().max(200),
  fingerprint: z.string().max(32),
};
const registrationSchema = z.discriminatedUnion('status', [
  z.strictObject({ ...registered, status: z.literal('pending') }),
  z.strictObject({
    ...registered,
    status: z.literal('rejected'),
    reason: z.string().max(500).nullable(),
  }),
  z.strictObject({ ...registered, status: z.literal('approved'), enrolment: enrolmentSchema }),
]);

export type Registered = z.infer<typeof registrationSchema>;
export type Approved = Extract<Registered, { status: 'approved' }>;

const pathIn = (folder: string): string => join(folder, 'enrolment.json');

export const readRegistration = (folder: string): Registered | null =>
  readJsonFile(pathIn(folder), registrationSchema);

export const writeRegistration = (folder: string, registration: Registered): void =>
  writeJsonFile(pathIn(folder), registration);

/** The keys this device trusts, from an enrolment whose key set its own root signed. */
export const openTrust = (enrolment: Enrolment): Keyset => {
  const opened = openKeyset(Buffer.from(enrolment.keyset, 'base64'), [enrolment.rootKey]);
  if (opened.kind === 'opened' && opened.value.tenantId === enrolment.tenantId) return opened.value;
  const reason = opened.kind === 'opened' ? 'it is of another tenant' : opened.reason;
  throw new FleetError('keyset-refused', `The key set of the enrolment was refused: ${reason}.`, {
    next: 'Check that the cloud is the one this device was registered with, then register again.',
  });
};
