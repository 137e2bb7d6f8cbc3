/**
 * Signs what changed: a site's roster and site key, a tenant's revocation, and the snapshots that
 * say which versions belong together. From the rows as they are under the site's lock, so that two
 * replicas never sign two contents under one version.
 */
import { randomBytes } from 'node:crypto';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { revokedDevicesMax, revokedGrantsMax } from '@signalbeam/sync/core/limits';
import { type Roster, siteMembersMax } from '@signalbeam/sync/core/roster';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import type { Revocation, Snapshot } from '@signalbeam/sync/wire/record-schemas';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { sealSiteKey, siteKeyBytes } from '@signalbeam/sync/wire/site-key';
import type { Parts } from '../api/parts.ts';
import {
  keepSiteKey,
  type Membership,
  markSigned,
  membersOf,
  revokedOf,
  takeMembership,
} from '../store/memberships.ts';
import { type DueSnapshot, writeSigned } from '../store/signed-records.ts';
import { revokedGrantsOf } from '../store/site-grants.ts';

export type SignParts = Pick<Parts, 'pools' | 'kek' | 'keyring' | 'now' | 'log'>;

/** A change that waits, and the key that may sign it. */
type Due = Membership & { membership: Signer };

/** A site that is kept from news for so long shows it. */
const snapshotLifeMs = 7 * 86_400_000;

const siteKeyOf = async (parts: SignParts, sql: Sql, at: Membership, generation: number) => {
  const { tenantId, site } = at;
  const context = `signalbeam site key ${tenantId} ${site} ${generation}`;
  const sealed = parts.kek.seal(randomBytes(siteKeyBytes), context);
  return parts.kek.open(await keepSiteKey(sql, { tenantId, site, generation, sealed }), context);
};

const signSite = async (parts: SignParts, sql: Sql, at: Due): Promise<void> => {
  const { tenantId, site, changed: version, membership } = at;
  const issuedAt = new Date(parts.now());
  const members = await membersOf(sql, at, siteMembersMax + 1);
  if (members.length > siteMembersMax) {
    parts.log.warn({ tenantId, site, siteMembersMax }, 'a site has more devices than a mesh takes');
  }
  const generation = at.departures + 1;
  const roster: Roster = {
    tenantId,
    site,
    version,
    issuedAt: issuedAt.toISOString(),
    siteKeyGeneration: generation,
    members: members.slice(0, siteMembersMax),
  };
  const siteKey = sealSiteKey(await siteKeyOf(parts, sql, at, generation), roster, generation);
  for (const [name, value] of [
    ['roster', roster],
    ['site-key', siteKey],
  ] as const) {
    const envelope = Buffer.from(sealRecord(payloadTypes[name], value, [membership]));
    await writeSigned(sql, { tenantId, site, name, version, envelope, issuedAt });
  }
};

const signRevocation = async (parts: SignParts, sql: Sql, at: Due): Promise<void> => {
  const { tenantId, changed: version, membership } = at;
  const issuedAt = new Date(parts.now());
  const revocation: Revocation = {
    tenantId,
    version,
    issuedAt: issuedAt.toISOString(),
    devices: await revokedOf(sql, tenantId, revokedDevicesMax),
    grants: await revokedGrantsOf(sql, { tenantId, now: issuedAt, limit: revokedGrantsMax }),
  };
  const envelope = Buffer.from(sealRecord(payloadTypes.revocation, revocation, [membership]));
  await writeSigned(sql, { tenantId, site: '', name: 'revocation', version, envelope, issuedAt });
};

/** Signs what waits for this site ('' is the tenant); does nothing when nothing does. */
export const signMembership = (
  parts: SignParts,
  at: { tenantId: string; site: string },
): Promise<void> =>
  transaction(parts.pools.system, async (sql) => {
    const { membership } = await holdKeys(sql, parts.keyring, at.tenantId, 'system');
    const taken = await takeMembership(sql, at);
    if (taken === null) return;
    await (at.site === '' ? signRevocation : signSite)(parts, sql, { ...taken, membership });
    await markSigned(sql, taken);
  });

export const signSnapshot = (parts: SignParts, due: DueSnapshot): Promise<void> =>
  transaction(parts.pools.system, async (sql) => {
    const { madeOf, tenantId, site, version, ...versions } = due;
    const { membership } = await holdKeys(sql, parts.keyring, tenantId, 'system');
    const issuedAt = new Date(parts.now());
    const snapshot: Snapshot = {
      tenantId,
      site,
      version,
      issuedAt: issuedAt.toISOString(),
      expiresAt: new Date(parts.now() + snapshotLifeMs).toISOString(),
      ...versions,
    };
    const envelope = Buffer.from(sealRecord(payloadTypes.snapshot, snapshot, [membership]));
    const record = { tenantId, site, name: 'snapshot', version, envelope, issuedAt, madeOf };
    await writeSigned(sql, record);
  });
