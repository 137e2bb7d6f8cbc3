/**
 * The shapes of rollouts in the REST API: what one is asked to do, in which waves and at what pace, and
 * how far it is. Those of what is rolled out are in ./schemas.ts.
 */
import { z } from '@hono/zod-openapi';
import { failureLogLinesMax } from '@signalbeam/sync/core/limits';
import { alertSeverities } from '@signalbeam/sync/core/rollout-strategies';
import { bundleVersion } from '@signalbeam/sync/wire/manifest';
import { plainText } from '@signalbeam/sync/wire/shape';
import { rolloutStatuses, rowStatuses } from '../core/rollout.ts';
import { toldAtOnceMax } from '../rollouts/tell.ts';
import { allowDeprecated, at, exampleAssign, exampleId, pageQuery } from './schemas.ts';

export const exampleRollout = { ...exampleAssign, deviceIds: [exampleId] };

const percentage = z.number().min(0).max(100);
const hoursMs = (hours: number): number => hours * 3_600_000;
const waitMs = z
  .int()
  .min(0)
  .max(hoursMs(24 * 30));

const gateSchema = z
  .strictObject({
    succeededPercentMin: percentage.default(100),
    failedPercentMax: percentage.default(0),
    failedSampleMin: z.int().min(1).max(100_000).default(1),
    soakMs: waitMs.default(0),
    approval: z.enum(['none', 'any-person', 'another-person']).default('none'),
    unreached: z
      .discriminatedUnion('rule', [
        z.strictObject({ rule: z.literal('wait') }),
        z.strictObject({
          rule: z.literal('go-on'),
          afterMs: waitMs,
          reachedPercentMin: percentage.default(50),
        }),
      ])
      .default({ rule: 'wait' }),
    /** As many devices as have to confirm must have such a health score since they did. */
    healthScoreMin: z.int().min(1).max(100).nullable().default(null),
    /** No such alert, or a worse one, may be open that was raised on its devices since the wave began. */
    alertFreeFrom: z.enum(alertSeverities).nullable().default(null),
    /** It has to be good so long after it began, or the rollout stops as onFailure says. */
    timeoutMs: waitMs.min(60_000).nullable().default(null),
  })
  .openapi('WaveGate');
const waveSizeSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('percent'), percent: z.number().gt(0).max(100) }),
    z.strictObject({ kind: z.literal('count'), count: z.int().min(1).max(100_000) }),
    z.strictObject({ kind: z.literal('tag'), tag: plainText(128) }),
    z.strictObject({ kind: z.literal('site'), site: plainText(63) }),
    /** One wave per site, the smallest first. */
    z.strictObject({ kind: z.literal('each-site') }),
    z.strictObject({ kind: z.literal('rest') }),
  ])
  .openapi('WaveSize');

const targetSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('devices'),
      deviceIds: z.array(z.uuid()).min(1).max(toldAtOnceMax),
    }),
    z.strictObject({ kind: z.literal('site'), site: plainText(63) }),
    z.strictObject({ kind: z.literal('group'), groupId: z.uuid() }),
    z.strictObject({ kind: z.literal('tag'), tag: plainText(128) }),
    z.strictObject({ kind: z.literal('all') }),
  ])
  .openapi('RolloutTarget');

const windowSchema = z
  .strictObject({
    /** When it opens: minute, hour, day, month, day of the week. */
    cron: plainText(100),
    timeZone: plainText(64).default('UTC'),
    /** For how long. */
    minutes: z
      .int()
      .min(1)
      .max(7 * 24 * 60),
    /** The sites that it is for; left out: all that no other window names. */
    sites: z.array(plainText(63)).min(1).max(100).nullable().default(null),
  })
  .openapi('MaintenanceWindow');
const paceSchema = z
  .strictObject({
    /** Nobody is told outside of them. Empty: at any time. */
    windows: z.array(windowSchema).max(20).default([]),
    devicesPerHourMax: z.int().min(1).max(100_000).nullable().default(null),
    /** At work at one site at once. */
    perSiteMax: z.int().min(1).max(10_000).nullable().default(null),
    /** A tag's key: of the devices with the same value one is at work at once. */
    redundancyTag: plainText(63).nullable().default(null),
    /** One that is heard of and does not finish in so long fails, and gets back what it had. */
    deviceTimeoutMs: waitMs.min(60_000).nullable().default(null),
    /** How often one that failed is told again by itself. */
    retriesMax: z.int().min(0).max(10).default(0),
    /** How long after it failed; twice as long each further time, a day at most. */
    retryAfterMs: z.int().min(1_000).max(hoursMs(24)).default(300_000),
  })
  .openapi('RolloutPace');

export const newRolloutSchema = z
  .strictObject({
    bundleId: z.uuid(),
    version: bundleVersion,
    /** Short for a target of devices. */
    deviceIds: z.array(z.uuid()).min(1).max(toldAtOnceMax).optional(),
    target: targetSchema.optional(),
    /** Empty: everybody at once, and no gate. */
    waves: z
      .array(
        z.strictObject({
          name: plainText(100),
          size: waveSizeSchema,
          gate: gateSchema.prefault({}),
        }),
      )
      .max(20)
      .default([]),
    onFailure: z.enum(['pause', 'roll-back']).default('pause'),
    pace: paceSchema.prefault({}),
    /** Whether who becomes a target later gets it, too. Left out: of a group with a query only. */
    lateJoiners: z.boolean().optional(),
    startAt: at.optional(),
    /** For an emergency: why it does not wait for the maintenance windows that stand at sites. */
    ignoreSiteWindows: plainText(500).min(1).optional(),
    allowDeprecated,
  })
  .refine(({ deviceIds, target }) => (deviceIds === undefined) !== (target === undefined), {
    path: ['target'],
    message: 'name devices in deviceIds, or a target, and not both',
  });

export const ignoreSiteWindowsSchema = z.strictObject({
  /** Why it does not wait for them: shown with the rollout and kept in the audit log. */
  reason: plainText(500).min(1),
});

const count = z.int().min(0);
const progressSchema = z
  .strictObject({
    total: count,
    planned: count,
    pending: count,
    inProgress: count,
    succeeded: count,
    failed: count,
    cancelled: count,
    rollingBack: count,
    rolledBack: count,
    unreached: count.openapi({
      description: 'Where 1,000 devices or more are at work, as counted in the last ten seconds',
    }),
  })
  .openapi('RolloutProgress');

/** Null: not within a year, or not by itself. */
const rangeSchema = z.strictObject({ earliest: at.nullable(), likely: at.nullable() });
const namedSchema = z.strictObject({ deviceId: z.uuid(), name: z.string() });

export const previewNamesMax = 1_000;
export const rolloutPreviewQuery = z.strictObject({
  /** How many devices of each wave are shown by name. */
  names: z.coerce.number().int().min(0).max(previewNamesMax).default(20),
});

export const waveMeantQuery = z.strictObject({
  /** The wave that is meant, from 0 as in `waves`: refused when another is at work. Left out: whichever is. */
  wave: z.coerce.number().int().min(0).max(100_000).optional(),
});

export const rolloutPreviewSchema = z
  .strictObject({
    devices: count,
    lateJoiners: z.boolean(),
    /** Why it would be refused as things are; null: it would start. */
    refused: z.string().nullable(),
    /** That it should not be begun with any more, and what it means to do so all the same. */
    deprecated: z
      .strictObject({
        what: z.string(),
        reason: z.string(),
        by: z.string(),
        at: z.iso.datetime(),
        means: z.string(),
      })
      .nullable(),
    /** What all of them would fetch, of images that were uploaded here. */
    bytes: count,
    /** Run the version already, so they fetch nothing. */
    runIt: count,
    unreached: count,
    /** Images of other registries, whose bytes are not known here. */
    foreignImages: z.array(z.string()),
    /** Other rollouts of the bundle that have something left to do on the same devices. */
    underWay: z.array(
      z.strictObject({
        rolloutId: z.uuid(),
        version: z.string(),
        status: z.enum(['scheduled', 'in-progress', 'paused', 'rolling-back']),
        atWork: count,
        untold: count,
        /** What would become of it, in words. */
        means: z.string(),
      }),
    ),
    /** Whom it does not reach, or not soon, and why. */
    attention: z.array(
      z.strictObject({
        kind: z.enum(['not-approved', 'full', 'busy', 'unreached', 'waits', 'no-window']),
        devices: count,
        why: z.string(),
        first: z.array(namedSchema),
      }),
    ),
    /** What of this is an estimate, and how it is made. */
    estimates: z.array(z.string()),
    waves: z.array(
      z.strictObject({
        name: z.string(),
        devices: count,
        begins: rangeSchema,
        /** When the last of its devices could be told. */
        allTold: rangeSchema,
        /** What its beginning hangs on, in words. */
        dependsOn: z.array(z.string()),
        bytes: count,
        runIt: count,
        unreached: count,
        /** Its devices by what each fetches, the most frequent first. */
        fetches: z.array(z.strictObject({ devices: count, bytes: count })),
        /** The first few of them. */
        first: z.array(
          namedSchema.extend({
            presence: z.enum(['online', 'offline', 'never']),
            runsIt: z.boolean(),
            bytes: count,
          }),
        ),
      }),
    ),
  })
  .openapi('RolloutPreview');

/** Another rollout of the bundle, and how many devices both had to do with when the later one was made. */
const meetingSchema = z
  .strictObject({
    rolloutId: z.uuid(),
    version: z.string(),
    status: z.enum(rolloutStatuses),
    devices: count,
  })
  .openapi('RolloutMeeting');

export const rolloutSchema = z
  .strictObject({
    id: z.uuid(),
    bundleId: z.uuid(),
    bundleName: z.string(),
    version: z.string(),
    status: z.enum(rolloutStatuses),
    /** Why it is paused or went back. */
    statusReason: z.string().nullable(),
    startsAt: at.nullable(),
    onFailure: z.enum(['pause', 'roll-back']),
    pace: paceSchema,
    lateJoiners: z.boolean(),
    progress: progressSchema,
    /** What it waits for, as a sentence; empty when it waits for nothing. */
    waiting: z.string(),
    /** Whose approval the wave at work waits for; null while it does not. */
    awaitsApproval: z.enum(['any-person', 'another-person']).nullable(),
    /** Older rollouts that were under way on its devices: whoever it tells first they do not tell any more. */
    overtakes: z.array(meetingSchema),
    /** Newer rollouts that go over this one in the same way. */
    overtakenBy: z.array(meetingSchema),
    waves: z.array(
      z.strictObject({
        name: z.string(),
        size: waveSizeSchema,
        gate: gateSchema,
        state: z.enum(['waiting', 'open', 'passed']),
        openedAt: at.nullable(),
        goodSince: at.nullable(),
        passedAt: at.nullable(),
        passedBy: z.string().nullable(),
        /** Joined when it was passed already. */
        late: count,
        approvals: z.array(z.string()),
        progress: progressSchema,
        /** Of its devices that confirmed, where its gate asks for health or alerts; as last looked at. */
        evidence: z.strictObject({ well: count, unwell: count, alerts: count }).nullable(),
      }),
    ),
    createdAt: at,
    createdBy: z.string(),
    /** Why it does not wait for the windows of sites; null: it does. */
    windowsIgnored: z.string().nullable(),
    /** Who decided that, and when; null also where it was decided before this was kept. */
    windowsIgnoredBy: z.string().nullable(),
    windowsIgnoredAt: at.nullable(),
    /** Some site has maintenance windows that a rollout could wait for. */
    sitesHaveWindows: z.boolean(),
    /** The person who made it, or for whom a program did: who may not approve it where another has to. */
    requestedBy: z.string(),
    completedAt: at.nullable(),
  })
  .openapi('Rollout');
export const rolloutDeviceSchema = z
  .strictObject({
    deviceId: z.uuid(),
    name: z.string(),
    wave: count,
    /** Joined when its wave was passed already. */
    late: z.boolean(),
    status: z.enum([...rowStatuses, 'unreached']),
    lastSeenAt: at.nullable(),
    reason: z.string().nullable(),
    logTail: z.array(z.string()).max(failureLogLinesMax),
    startedAt: at.nullable(),
    completedAt: at.nullable(),
    retryCount: z.int(),
  })
  .openapi('RolloutDevice');

export const rolloutDevicesQuery = pageQuery(100).extend({
  status: z.enum(rowStatuses).optional(),
  /** Of its failures, those with this cause. */
  cause: plainText(200).optional(),
});
export const rolloutFailuresSchema = z
  .strictObject({
    failures: z.array(
      z.strictObject({
        /** What their reasons have in common: numbers and ids that differ are left out. */
        cause: z.string(),
        devices: count,
        newest: z.strictObject({
          deviceId: z.uuid(),
          name: z.string(),
          reason: z.string(),
          logTail: z.array(z.string()).max(failureLogLinesMax),
        }),
      }),
    ),
  })
  .openapi('RolloutFailures');
