/** Domain events of devices: their lives as the fleet keeps them, and what they say themselves. */
import { wipes } from '@signalbeam/sync/core/removal';
import { eventBody, reportedBody } from '@signalbeam/sync/wire/rows';
import { epoch, sequence, timestampMs, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { type EventDefinition, examples, text, time } from './define.ts';

const device = { deviceId: uuid, name: text(200), site: text(63) };
const gateway = { deviceId: examples.device, name: 'gw-3', site: 'plant-7' };
const fingerprint = text(100);
const digits = 'SHA256:q0Jk1J1m6Qd0bq1oY2cS3eKx0oEJq3bZ1s7m0m8yXnU';

/** An event of the device's life: under its own subject, with who it is. */
const life = <Word extends string, More extends z.ZodRawShape>(
  word: Word,
  says: string,
  more: More,
  example: Record<string, unknown> = {},
) => ({
  ...{ subject: `signalbeam.devices.${word}`, version: 1, says },
  data: z.object({ ...device, ...more }),
  example: { ...gateway, ...example },
});

const membership = { groupId: uuid, groupName: text(200) };
const canaries = { groupId: examples.group, groupName: 'Canaries' };
const decided = { status: z.enum(['approved', 'rejected']), reason: text(1_000).nullable() };

const presence = <Word extends string>(word: Word, says: string) => ({
  ...{ subject: 'signalbeam.devices.presence', version: 1, says },
  data: z.object({
    ...{ deviceId: uuid, presence: z.literal(word), lastSeenAt: time, changedAt: time },
  }),
  example: {
    ...{ deviceId: examples.device, presence: word },
    ...{ lastSeenAt: examples.at, changedAt: examples.at },
  },
});

export const deviceEvents = {
  'device.registered': life(
    'registered',
    'A device registered with a token; it waits for approval unless its token approves.',
    { status: z.enum(['pending', 'approved']), fingerprint },
    { status: 'pending', fingerprint: digits },
  ),
  'device.approved': life(
    'approved',
    'A device belongs to the fleet from now on; by a person, or at once by its token.',
    {
      status: z.literal('approved'),
      reason: decided.reason.optional(),
      fingerprint: fingerprint.optional(),
    },
    { status: 'approved', reason: null },
  ),
  'device.rejected': life(
    'rejected',
    'A device was turned away, or taken out of the fleet.',
    decided,
    {
      ...{ status: 'rejected', reason: 'Nobody knows it.' },
    },
  ),
  'device.renamed': life('renamed', 'A device has another name: the one told.', {}),
  'device.moved': life(
    'moved',
    'A device went to another site: the one told, coming from `from`.',
    { from: text(63) },
    { from: 'plant-2' },
  ),
  'device.tagged': life(
    'tagged',
    "A device's tags are others: all that it has now.",
    { tags: z.array(text(200)) },
    { tags: ['ring=canary', 'indoor'] },
  ),
  'device.annotated': life(
    'annotated',
    "A device's metadata is another: all of it.",
    { metadata: z.record(z.string(), z.string()) },
    { metadata: { rack: 'B4' } },
  ),
  'device.joined': life('joined', 'A device was put into a static group.', membership, canaries),
  'device.left': life('left', 'A device was taken out of a static group.', membership, canaries),
  'device.replaced': life(
    'replaced',
    'New hardware took over the place of `replaced`, which is told as deleted too.',
    { replaced: uuid },
    { replaced: examples.other },
  ),
  'device.decommissioned': life(
    'decommissioned',
    'A device is to wipe itself and is gone; told as deleted too.',
    { wipe: z.enum(wipes) },
    { wipe: 'data' },
  ),
  'device.deleted': life(
    'deleted',
    'A device is no longer in the fleet; its credentials ended.',
    { publicKey: text(100) },
    { publicKey: 'UDAQ7QXN5ZJ2W3N4VQXJ6C7EYF2O3P5Q6R7S7T2U3V4W5X6Y7Z2ABCDE' },
  ),
  'device.credential-expiring': life(
    'credential-expiring',
    'An API key or a certificate ends soon, and no other has taken over.',
    { kind: z.enum(['api-key', 'certificate']), credential: text(100), expiresAt: time },
    { kind: 'api-key', credential: 'sb_device_6f1c9a52', expiresAt: examples.at },
  ),
  'device.certificate-issued': life(
    'certificate-issued',
    'A device got a certificate.',
    { serial: text(64), fingerprint, expiresAt: time },
    { serial: '4be1', fingerprint: digits, expiresAt: examples.at },
  ),
  'device.certificate-revoked': life(
    'certificate-revoked',
    'A certificate of a device no longer counts.',
    { serial: text(64), reason: text(100) },
    { serial: '4be1', reason: 'superseded' },
  ),
  'device.online': presence('online', 'A device was heard again.'),
  'device.offline': presence('offline', 'A device missed three of the beats it announced.'),
  'device.event': {
    subject: 'signalbeam.devices.events.*',
    version: 1,
    says: 'A device told of something; `at` is by its own clock, both times in milliseconds since 1970.',
    data: z.object({
      ...{ deviceId: uuid, epoch, seq: sequence, at: timestampMs, receivedAt: timestampMs },
      ...eventBody.shape,
    }),
    example: {
      ...{ deviceId: examples.device, epoch: '0123456789abcdef', seq: 41 },
      ...{ at: 1_795_867_200_000, receivedAt: 1_795_867_200_400 },
      ...{ type: 'container-restarted', severity: 'warning', message: 'web was started again' },
      data: { container: 'web' },
    },
  },
  'device.reported': {
    subject: 'signalbeam.devices.status.*',
    version: 1,
    says: 'A device gave an account of itself: what runs, and how far its bundles are.',
    data: z.object({
      ...{ deviceId: uuid, receivedAt: time, epoch, seq: sequence, reported: reportedBody },
    }),
    example: {
      ...{ deviceId: examples.device, receivedAt: examples.at, epoch: '0123456789abcdef', seq: 42 },
      reported: {
        ...{ generation: 7, bootId: 'b1', agentVersion: '0.1.0', waiting: '' },
        engine: { kind: 'docker', version: '27.3.1', reachable: true },
        slots: [],
        containers: [],
      },
    },
  },
} satisfies Record<string, EventDefinition>;
