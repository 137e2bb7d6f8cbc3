/**
 * What a device receives once it is approved: who it is, how to reach NATS, and whom to trust.
 * It holds no private key: the device made its own and never sends it.
 */
import { z } from 'zod';
import { siteRecordBytesMax } from '../core/limits.ts';
import { removals } from '../core/removal.ts';
import { base64, plainText, siteName, uuid } from './shape.ts';

const jwt = z.string().max(16_384);
/** A signed record's envelope bytes. */
const record = base64.max(Math.ceil(siteRecordBytesMax / 3) * 4);
const natsUrl = z.string().max(256);

export const enrolmentSchema = z.strictObject({
  deviceId: uuid,
  tenantId: uuid,
  /** Public key of the tenant's NATS account. */
  tenantKey: z.string().regex(/^A[A-Z2-7]{55}$/),
  site: siteName,
  name: z.string().max(200),
  nats: z.strictObject({
    operatorJwt: jwt,
    systemAccountKey: z.string().regex(/^A[A-Z2-7]{55}$/),
    systemAccountJwt: jwt,
    /** The tenant's account as a leaf needs it: without the cloud's imports. */
    leafAccountJwt: jwt,
    /** For this device's own key, as a device. */
    deviceJwt: jwt,
    /** For the same key, as the gateway of its site: it speaks for the leaf, for one site only. */
    gatewayJwt: jwt,
    /** Where a device without a leaf connects. */
    hubUrls: z.array(natsUrl).min(1).max(8),
    /** What a leaf dials. */
    leafUrls: z.array(natsUrl).min(1).max(8),
  }),
  records: z.strictObject({
    /** The newest root: pinned at the first enrolment. Later ones follow from it, one by one. */
    root: record,
    keyset: record,
    revocation: record,
    roster: record,
    siteKey: record,
  }),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** What a device gets for a certificate request: its certificate and who signed it, in PEM. */
export const certificateSchema = z.strictObject({
  serial: z.string().max(64),
  certificate: z.string().max(8_000),
  authority: z.string().max(8_000),
  expiresAt: z.iso.datetime(),
});

/** Roots in one answer: far more than a tenant makes in a decade. */
export const rootsMax = 64;
/** Every root after the one that the device said it knows, oldest first; only for who asked. */
const roots = z.array(record).max(rootsMax);

/** What `GET /api/devices/{id}/enrolment` answers. Waiting is a state, not an error. */
export const enrolmentStatusSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('pending') }),
  z.strictObject({ status: z.literal('rejected'), reason: z.string().max(500).nullable() }),
  z.strictObject({
    status: z.literal('approved'),
    enrolment: enrolmentSchema,
    roots: roots.optional(),
  }),
  /** It belongs to nobody any more. What that means for it is in the signed revocation. */
  z.strictObject({
    status: z.literal('removed'),
    removal: z.enum(removals),
    roots,
    keyset: record,
    revocation: record,
  }),
]);
export type EnrolmentStatus = z.infer<typeof enrolmentStatusSchema>;

/** `?rootsAfter=3`: the root that the device believes now. */
export const enrolmentQuerySchema = z.strictObject({
  rootsAfter: z.coerce.number().int().min(0).max(1_000_000).optional(),
});

/** What a device sends to register. */
export const registrationSchema = z.strictObject({
  registrationToken: z.string().min(16).max(128),
  name: plainText(200).min(1),
  publicKey: z.string().regex(/^U[A-Z2-7]{55}$/, 'must be a public user nkey'),
  sealingKey: base64.length(44),
  agentVersion: plainText(32),
  platform: z.strictObject({
    os: plainText(64),
    architecture: plainText(32),
    hostname: plainText(255),
  }),
});
export type Registration = z.infer<typeof registrationSchema>;

export const registeredSchema = z.strictObject({
  deviceId: uuid,
  tenantId: uuid,
  site: siteName,
  status: z.enum(['pending', 'approved', 'rejected']),
  /** Shown on both sides, so a person can compare: four groups of four. */
  fingerprint: z.string(),
});
