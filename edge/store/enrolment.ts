/**
 * How far this device has come with the cloud: registered where, as what, and what it received on
 * approval. The root inside is what the device pinned; what followed from it is in ./trust.ts.
 */
import { join } from 'node:path';
import { enrolmentSchema } from '@signalbeam/sync/wire/enrolment';
import { base64, siteName, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './files.ts';

/** Before there were records of roots: one key, under which the key set was signed. */
const pinnedKey = z.strictObject({ keyId: z.string().max(64), publicKey: base64.length(44) });
const withoutRecords = enrolmentSchema.omit({ records: true });
const approvedBefore = withoutRecords
  .extend({ rootKey: pinnedKey, keyset: base64 })
  .transform(({ rootKey, keyset, ...rest }) => ({ ...rest, records: { rootKey, keyset } }));
const pinnedBefore = withoutRecords.extend({
  records: z.strictObject({ rootKey: pinnedKey, keyset: base64 }),
});

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
  z.strictObject({
    ...registered,
    status: z.literal('approved'),
    enrolment: z.union([enrolmentSchema, pinnedBefore, approvedBefore]),
  }),
]);

export type Registered = z.infer<typeof registrationSchema>;
export type Approved = Extract<Registered, { status: 'approved' }>;

const pathIn = (folder: string): string => join(folder, 'enrolment.json');

export const readRegistration = (folder: string): Registered | null =>
  readJsonFile(pathIn(folder), registrationSchema);

export const writeRegistration = (folder: string, registration: Registered): void =>
  writeJsonFile(pathIn(folder), registration);
