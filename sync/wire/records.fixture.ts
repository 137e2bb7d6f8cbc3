/** One sample of each signed record, with the keys that made it: for tests of whoever reads them. */
import type { Desired } from '../core/manifest.ts';
import type { RecordKind } from '../core/records.ts';
import type { Roster } from '../core/roster.ts';
import { createSealingPair, createSeed, type Signer, signerFromSeed } from './keys.ts';
import { createDeviceKey, signerFromNkeySeed } from './nkey.ts';
import { sealRecord } from './record-envelope.ts';
import {
  type Keyset,
  openCommand,
  openDesired,
  openGrant,
  openHalt,
  openKeyset,
  openPermit,
  openPlan,
  openReported,
  openRevocation,
  openRoot,
  openRoster,
  openSiteKeyRecord,
  openSnapshot,
  payloadTypes,
  thresholdOne,
} from './records.ts';
import { sealSiteKey } from './site-key.ts';

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const bundleId = '33333333-3333-4333-8333-333333333333';
export const planId = '44444444-4444-4444-8444-444444444444';
export const site = 'plant-7';
export const issuedAt = '2026-01-01T00:00:00.000Z';
export const expiresAt = '2027-01-01T00:00:00.000Z';

export const trusted = ({ keyId, publicKey }: Signer) => ({ keyId, publicKey });
export const newSigner = (): Signer => signerFromSeed(createSeed());

export const keys = {
  root: newSigner(),
  release: newSigner(),
  director: newSigner(),
  ingest: newSigner(),
  membership: newSigner(),
};

export const keysetWith = (signers: Partial<typeof keys> = {}, version = 1): Keyset => {
  const { release, director, ingest, membership } = { ...keys, ...signers };
  return {
    tenantId,
    version,
    issuedAt,
    roles: {
      release: [trusted(release)],
      director: [trusted(director)],
      ingest: [trusted(ingest)],
      membership: [trusted(membership)],
    },
    thresholds: thresholdOne,
  };
};

const makeDevice = (deviceId: string) => {
  const { nkey, seed } = createDeviceKey();
  const sealing = createSealingPair();
  const member = { deviceId, publicKey: nkey, sealingKey: sealing.publicKey };
  return { deviceId, sealing, signer: signerFromNkeySeed(seed), member };
};
export const devices = [
  makeDevice('22222222-2222-4222-8222-222222222221'),
  makeDevice('22222222-2222-4222-8222-222222222222'),
] as const;

export const rosterWith = (more: Partial<Roster> = {}): Roster => ({
  tenantId,
  site,
  version: 1,
  issuedAt,
  siteKeyGeneration: 1,
  members: devices.map(({ member }) => member),
  ...more,
});

export const desiredWith = (more: Partial<Desired> = {}): Desired => ({
  tenantId,
  deviceId: devices[0].deviceId,
  generation: 1,
  issuedAt,
  slots: [
    {
      bundleId,
      bundleName: 'hello',
      version: '1.0.0',
      releaseDigest: `sha256:${'a'.repeat(64)}`,
      rolloutId: null,
      requestedGeneration: 1,
    },
  ],
  ...more,
});

export const siteKey = Buffer.alloc(32, 7);
const keyset = keysetWith();
const about = { tenantId, site, version: 1, issuedAt };
const device = devices[0];

type Sample = {
  kind: RecordKind;
  value: object;
  signer: Signer;
  open: (bytes: Uint8Array | string) => { kind: string; code?: string; value?: unknown };
};

/** Every kind but the release, which is named by its digest and has tests of its own. */
export const samples: readonly Sample[] = [
  {
    kind: 'root',
    value: {
      tenantId,
      version: 1,
      issuedAt,
      expiresAt,
      development: true,
      threshold: 1,
      keys: [trusted(keys.root)],
    },
    signer: keys.root,
    open: (bytes) => openRoot(bytes, [trusted(keys.root)]),
  },
  {
    kind: 'keyset',
    value: keyset,
    signer: keys.root,
    open: (bytes) => openKeyset(bytes, [trusted(keys.root)]),
  },
  {
    kind: 'revocation',
    value: {
      tenantId,
      version: 1,
      issuedAt,
      devices: [
        { deviceId: device.deviceId, publicKey: device.member.publicKey, revokedAt: issuedAt },
      ],
    },
    signer: keys.membership,
    open: (bytes) => openRevocation(bytes, keyset),
  },
  {
    kind: 'roster',
    value: rosterWith(),
    signer: keys.membership,
    open: (bytes) => openRoster(bytes, keyset),
  },
  {
    kind: 'site-key',
    value: sealSiteKey(siteKey, rosterWith(), 1),
    signer: keys.membership,
    open: (bytes) => openSiteKeyRecord(bytes, keyset),
  },
  {
    kind: 'snapshot',
    value: { ...about, expiresAt, root: 1, keyset: 1, revocation: 1, roster: 1, siteKey: 1 },
    signer: keys.membership,
    open: (bytes) => openSnapshot(bytes, keyset),
  },
  {
    kind: 'desired',
    value: desiredWith(),
    signer: keys.director,
    open: (bytes) => openDesired(bytes, keyset),
  },
  {
    kind: 'plan',
    value: {
      ...about,
      planId,
      state: 'active',
      bundleId,
      bundleVersion: '1.0.0',
      releaseDigest: `sha256:${'a'.repeat(64)}`,
      waves: [[device.deviceId]],
      gate: { succeededPercentMin: 90, failedMax: 0, soakMs: 60_000 },
      leaseEndsAt: expiresAt,
    },
    signer: keys.director,
    open: (bytes) => openPlan(bytes, keyset),
  },
  {
    kind: 'grant',
    value: {
      ...about,
      grantId: planId,
      expiresAt,
      holder: { name: 'Ada', key: trusted(device.signer) },
      may: ['halt'],
      revoked: false,
    },
    signer: keys.director,
    open: (bytes) => openGrant(bytes, keyset),
  },
  {
    kind: 'command',
    value: {
      tenantId,
      deviceId: device.deviceId,
      version: 1,
      nonce: 'a'.repeat(32),
      issuedAt,
      expiresAt,
      request: {
        ...{ verb: 'logs', container: 'web', bundle: null, lines: 50 },
        ...{ sinceSeconds: null, follow: true, forSeconds: 60 },
      },
    },
    signer: keys.director,
    open: (bytes) => openCommand(bytes, keyset),
  },
  {
    kind: 'halt',
    value: {
      ...about,
      author: keys.director.keyId,
      state: 'halted',
      planId: null,
      reason: 'smoke',
      grantId: null,
    },
    signer: keys.director,
    open: (bytes) => openHalt(bytes, keyset.roles.director),
  },
  {
    kind: 'permit',
    value: { ...about, planId, planVersion: 1, term: 1, coordinator: device.deviceId, wave: 0 },
    signer: device.signer,
    open: (bytes) => openPermit(bytes, [trusted(device.signer)]),
  },
  {
    kind: 'reported',
    value: {
      tenantId,
      site,
      deviceId: device.deviceId,
      version: 1,
      at: 1_000,
      bootId: 'boot',
      generation: 1,
      slots: [
        {
          bundleId,
          version: '1.0.0',
          runningVersion: null,
          requestedGeneration: 1,
          status: 'running',
        },
      ],
    },
    signer: device.signer,
    open: (bytes) => openReported(bytes, [trusted(device.signer)]),
  },
];

export const sealSample = ({ kind, value, signer }: Sample): Uint8Array =>
  sealRecord(payloadTypes[kind], value, [signer]);
