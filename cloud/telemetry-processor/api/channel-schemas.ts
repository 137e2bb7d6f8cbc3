/**
 * The shapes of channels in the REST API: what a wish may hold (secrets are write-only: they come in
 * and are never shown), and what is shown of a channel, of how it does, and of its deliveries.
 */
import { z } from '@hono/zod-openapi';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import { alertSeverities, alertTransitions } from '../core/alert-events.ts';
import { channelKinds } from '../core/notice.ts';

const at = z.iso.datetime();
const name = plainText(100).min(1);
const sites = z.array(siteName).min(1).max(100).nullable();

const distinct = <T extends z.ZodType>(one: T) =>
  z
    .array(one)
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'must not repeat');

const eventPattern = z
  .string()
  .max(100)
  .regex(/^(\*|[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?)$/, 'a type such as rollout.completed or rollout.*')
  .refine((pattern) => !/^alert(\.|$)/.test(pattern), 'alerts are chosen by severity');

const everyAlert = {
  severities: [...alertSeverities],
  happenings: [...alertTransitions],
  sites: null,
};
const alertsWish = z.strictObject({
  severities: distinct(z.enum(alertSeverities)).default(everyAlert.severities),
  happenings: distinct(z.enum(alertTransitions)).default(everyAlert.happenings),
  /** Alerts of these sites only; null: of all, and of what belongs to none. */
  sites: sites.default(null),
});
const hearsWish = z
  .strictObject({
    alerts: alertsWish.nullable().default(everyAlert),
    /** Types of other domain events; `rollout.*` is every transition of rollouts. */
    events: z.array(eventPattern).max(20).default([]),
  })
  .refine(({ alerts, events }) => alerts !== null || events.length > 0, 'hears nothing');
/** PagerDuty knows incidents, and those have an end. */
const alertsAlone = hearsWish.refine(
  ({ alerts, events }) => alerts !== null && events.length === 0,
  'PagerDuty hears alerts alone',
);

const hostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?$/, 'a name or an address, without a port');
/** One that a header can hold as it is. */
const address = z.email().max(254);
const url = z.url({ protocol: /^https?$/ }).max(1_000);
const secretUrl = url.optional();

const emailWish = z.strictObject({
  host: hostName,
  port: z.int().min(1).max(65_535).default(587),
  /** `none` only into networks that the installation names. */
  security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
  username: plainText(200).min(1).nullable().default(null),
  /** Left out: the one that is there stays, if server and user name do. */
  password: z.string().min(1).max(500).optional(),
  from: address,
  to: z.array(address).min(1).max(20),
});
const urlWish = z.strictObject({
  /** A secret; left out: the one that is there stays. */
  url: secretUrl,
});
const pagerdutyWish = z.strictObject({
  /** Of an integration "Events API v2"; left out: the one that is there stays, if the address does. */
  routingKey: z
    .string()
    .regex(/^[A-Za-z0-9]{32}$/, '32 letters and digits')
    .optional(),
  url: url.default('https://events.pagerduty.com/v2/enqueue'),
});

const wishOf = <K extends string, S extends z.ZodType>(kind: K, settings: S) =>
  z.strictObject({
    ...{ kind: z.literal(kind), name, settings, enabled: z.boolean().default(true) },
    hears: (kind === 'pagerduty' ? alertsAlone : hearsWish).prefault({}),
  });
export const channelWish = z.discriminatedUnion('kind', [
  wishOf('email', emailWish),
  wishOf('slack', urlWish),
  wishOf('teams', urlWish),
  wishOf('pagerduty', pagerdutyWish),
  wishOf('webhook', urlWish),
]);
export type ChannelWishBody = z.infer<typeof channelWish>;

const healthSchema = z.strictObject({
  /** `untried`: nothing was sent yet. `paused`: somebody paused it. */
  state: z.enum(['untried', 'working', 'failing', 'paused']),
  failingSince: at.nullable(),
  reason: z.string().nullable(),
  failures: z.int(),
  nextAttemptAt: at.nullable(),
  lastDeliveredAt: at.nullable(),
  waiting: z.int(),
  /** What was not kept because as much as may wait was waiting. */
  dropped: z.int(),
  lastDroppedAt: at.nullable(),
});

const kind = z.enum(channelKinds);
export const channelSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    kind,
    enabled: z.boolean(),
    hears: z.strictObject({
      alerts: z
        .strictObject({
          severities: z.array(z.enum(alertSeverities)),
          happenings: z.array(z.enum(alertTransitions)),
          sites: z.array(z.string()).nullable(),
        })
        .nullable(),
      events: z.array(z.string()),
    }),
    /** Of its kind, without secrets: where it goes is shown as far as that is none. */
    settings: z.strictObject({
      host: z.string().optional(),
      port: z.int().optional(),
      security: z.enum(['starttls', 'tls', 'none']).optional(),
      username: z.string().nullable().optional(),
      from: z.string().optional(),
      to: z.array(z.string()).optional(),
      /** Of Slack, Teams and webhooks: the rest of the address is a secret. */
      origin: z.string().optional(),
      /** Of PagerDuty. */
      url: z.string().optional(),
    }),
    health: healthSchema,
    createdAt: at,
    changedAt: at,
    version: z
      .string()
      .openapi({ description: 'In quotes as If-Match: a change of what was read here' }),
  })
  .openapi('NotificationChannel');

export const madeChannelSchema = z
  .strictObject({
    ...channelSchema.shape,
    /** Of a webhook: what its signatures are checked with. Shown this once. */
    signingKey: z.string().nullable(),
  })
  .openapi('MadeNotificationChannel');

export const deliverySchema = z
  .strictObject({
    id: z.uuid(),
    channelId: z.uuid(),
    channelName: z.string(),
    kind,
    type: z.string(),
    title: z.string(),
    site: z.string().nullable(),
    status: z.enum(['waiting', 'delivered', 'given-up', 'passed-over']),
    attempts: z.int(),
    occurredAt: at,
    queuedAt: at,
    lastAttemptAt: at.nullable(),
    nextAttemptAt: at.nullable(),
    finishedAt: at.nullable(),
    /** How many the message carried that carried this one. */
    folded: z.int().nullable(),
    /** Why it waits, was given up or passed over. */
    reason: z.string().nullable(),
    /** What the receiver said. */
    answer: z.string().nullable(),
  })
  .openapi('NotificationDelivery');

export const deliveriesQuery = z.strictObject({
  status: z.enum(['waiting', 'delivered', 'given-up', 'passed-over']).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'use nextCursor of the page before, or leave it out')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const testAnswerSchema = z
  .strictObject({
    outcome: z.enum(['delivered', 'refused', 'failed']),
    /** What the receiver said, or why it could not be reached. */
    said: z.string(),
    tookMs: z.int(),
  })
  .openapi('NotificationTest');
