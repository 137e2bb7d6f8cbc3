/** Domain events of bundles, of what devices are to run, and of rollouts. */
import { uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { actor, count, type EventDefinition, examples, text, time } from './define.ts';

const bundle = (
  subject: string,
  says: string,
  data: z.ZodObject,
  example: Record<string, unknown>,
) => ({
  ...{ subject: `signalbeam.bundles.${subject}`, version: 1, says, data, example },
});

const version = text(100);
/** Of a bundle as a whole (`version` is null), or of one of its versions. */
const life = (what: 'bundle' | 'version', past: string, says: string) =>
  bundle(
    past,
    says,
    z.object({ bundleId: uuid, version: what === 'bundle' ? z.null() : version, actor }),
    {
      ...{ bundleId: examples.bundle, version: what === 'bundle' ? null : '2.1.0' },
      actor: examples.actor,
    },
  );

const assignment = {
  deviceIds: z.array(uuid).max(1_000),
  bundleId: uuid,
  rolloutId: uuid.nullable(),
};
const one = { deviceIds: [examples.device], bundleId: examples.bundle };

const progress = z.object({
  ...{ total: count, planned: count, pending: count, inProgress: count, succeeded: count },
  ...{ failed: count, cancelled: count, rollingBack: count, rolledBack: count, unreached: count },
});

const rollout = z.object({
  ...{ rolloutId: uuid, bundleId: uuid, bundleName: text(200), version },
  status: z.enum([
    ...(['scheduled', 'in-progress', 'paused', 'rolling-back', 'succeeded', 'failed'] as const),
    ...(['cancelled', 'rolled-back'] as const),
  ]),
  statusReason: z.string().nullable(),
  startsAt: time.nullable(),
  onFailure: z.enum(['pause', 'roll-back']),
  ...{ createdAt: time, createdBy: actor, requestedBy: actor },
  windowsIgnored: z.string().nullable(),
  windowsIgnoredBy: actor.nullable(),
  windowsIgnoredAt: time.nullable(),
  completedAt: time.nullable(),
  progress,
  waves: z.array(z.object({ name: text(200), state: z.enum(['waiting', 'open', 'passed']) })),
  /** Those that moved, unless they are more than fifty: then ask the API. */
  devices: z
    .array(z.object({ deviceId: uuid, status: text(40), reason: z.string().nullable() }))
    .max(50),
});
const rolling = {
  ...{ rolloutId: examples.rollout, bundleId: examples.bundle, bundleName: 'line-vision' },
  ...{ version: '2.1.0', status: 'in-progress', statusReason: null, startsAt: null },
  ...{ onFailure: 'pause', createdAt: examples.at, createdBy: examples.actor },
  ...{ requestedBy: examples.actor, windowsIgnored: null, completedAt: null },
  ...{ windowsIgnoredBy: null, windowsIgnoredAt: null },
  progress: {
    ...{ total: 10, planned: 8, pending: 0, inProgress: 1, succeeded: 1 },
    ...{ failed: 0, cancelled: 0, rollingBack: 0, rolledBack: 0, unreached: 0 },
  },
  waves: [
    { name: 'canary', state: 'open' },
    { name: 'rest', state: 'waiting' },
  ],
  devices: [{ deviceId: examples.device, status: 'succeeded', reason: null }],
};
const of = (says: string) => bundle('rollouts.*', says, rollout, rolling);

const image = z.object({
  ...{ reference: text(600), name: text(500), digest: text(100), sizeBytes: count },
  ...{ tags: z.array(z.string()), platforms: z.array(z.string()) },
});
const digest = `sha256:${'5c'.repeat(32)}`;

export const bundleEvents = {
  'bundle.created': bundle(
    'created',
    'A bundle was made; it has no version yet.',
    z.object({ bundleId: uuid, name: text(200) }),
    { bundleId: examples.bundle, name: 'line-vision' },
  ),
  'bundle.changed': life('bundle', 'changed', "A bundle's name or description is another."),
  'bundle.deprecated': life('bundle', 'deprecated', 'Nobody is to begin with this bundle.'),
  'bundle.undeprecated': life('bundle', 'undeprecated', 'That was taken back.'),
  'bundle.deleted': life('bundle', 'deleted', 'A bundle is gone, with its versions.'),
  'bundle.released': bundle(
    'released',
    'A version was signed and stored, for good.',
    z.object({ bundleId: uuid, bundleName: text(200), version, releaseDigest: text(100) }),
    {
      ...{ bundleId: examples.bundle, bundleName: 'line-vision', version: '2.1.0' },
      releaseDigest: digest,
    },
  ),
  'bundle.version.deprecated': life(
    'version',
    'deprecated',
    'Nobody is to begin with this version.',
  ),
  'bundle.version.undeprecated': life('version', 'undeprecated', 'That was taken back.'),
  'bundle.version.deleted': life('version', 'deleted', 'A version is gone.'),
  'bundle.policy.changed': bundle(
    'policy.changed',
    'What bundles of this tenant may ask of devices is another.',
    z.object({ actor }),
    { actor: examples.actor },
  ),
  'bundle.rollout-settings.changed': bundle(
    'rollout-settings.changed',
    'What this tenant asks of all its rollouts is another.',
    z.object({ actor, approvalByAnother: z.boolean() }),
    { actor: examples.actor, approvalByAnother: true },
  ),
  'bundle.assigned': bundle(
    'assigned',
    'Devices are to run a version: one by hand (with its generation), or those of a new rollout (their number is `devices`; at most a thousand are named).',
    z.object({
      ...assignment,
      version: version.nullable(),
      generation: count.optional(),
      devices: count.optional(),
    }),
    { ...one, version: '2.1.0', rolloutId: null, generation: 7 },
  ),
  'bundle.withdrawn': bundle(
    'assigned',
    'A device is to run this bundle no more; `version` is null.',
    z.object({ ...assignment, version: version.nullable(), generation: count }),
    { ...one, version: null, rolloutId: null, generation: 8 },
  ),
  'artifacts.uploaded': bundle(
    'artifacts.uploaded',
    'Images were stored.',
    z.object({ images: z.array(image) }),
    {
      images: [
        {
          ...{ reference: `line-vision@${digest}`, name: 'line-vision', digest },
          ...{ sizeBytes: 41_943_040, tags: ['2.1.0'], platforms: ['linux/arm64'] },
        },
      ],
    },
  ),
  'rollout.started': of('A rollout was made; its waves begin when its start has come.'),
  'rollout.begun': of('The start of a rollout has come.'),
  'rollout.progressed': of('Devices of a rollout moved, and nothing else of this list happened.'),
  'rollout.wave-opened': of('A wave began: its devices are told.'),
  'rollout.wave-passed': of('A wave met its gate.'),
  'rollout.approved': of('A person let the next wave begin.'),
  'rollout.advanced': of('A person opened the next wave without waiting for the gate.'),
  'rollout.paused': of('A rollout holds: by a person, or because too much failed.'),
  'rollout.resumed': of('A paused rollout goes on.'),
  'rollout.retried': of('Failed devices begin again.'),
  'rollout.cancelled': of('A rollout was ended by a person.'),
  'rollout.rolled-back': of(
    'Devices go back to what they had: by a person, or because too much failed.',
  ),
  'rollout.completed': of('Nothing of a rollout is open; `status` says how it ended.'),
} satisfies Record<string, EventDefinition>;
