/**
 * Membership over the real database and hub: signed and published whoever changes it, in whatever
 * order, by two replicas, and again when the hub lost its bucket.
 */
import { randomUUID } from 'node:crypto';
import type { Trust } from '@signalbeam/sync/core/trust';
import type { Revocation } from '@signalbeam/sync/wire/record-schemas';
import { cloudSubjects, streams, tenantScope } from '@signalbeam/sync/wire/subjects';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { startMembership } from './membership/start.ts';
import {
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';

let rig: Rig;
let acme: OpenedTenant;
let second: { stop: () => Promise<void> };
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  second = startMembership(rig.platform);
});
afterAll(async () => {
  await second?.stop();
  await rig?.stop();
});

const read = (scope: string, name: string) =>
  rig.platform.desired.get(cloudSubjects.recordKey(acme.tenantKey, scope, name));

/** What a device that enrols now believes of a site, from the bucket alone. */
const beliefOf = async (
  site: string,
): Promise<{ trust: Trust; revoked: Revocation['devices'] }> => {
  const root = await read(tenantScope, 'root');
  if (root === null) throw new Error('no root yet');
  const pinned = pinRoot(root, 0);
  if (pinned.kind === 'refused') throw new Error(pinned.reason);
  let { trust } = pinned;
  let revoked: Revocation['devices'] = [];
  for (const [scope, name, as] of [
    [tenantScope, 'keyset', 'tenant/keyset'],
    [site, 'snapshot', 'site/snapshot'],
    [tenantScope, 'revocation', 'tenant/revocation'],
    [site, 'roster', 'site/roster'],
    [site, 'site-key', 'site/site-key'],
  ] as const) {
    const bytes = await read(scope, name);
    if (bytes === null) throw new Error(`no ${name} of ${scope} yet`);
    const offered = offerRecord(trust, site, as, bytes);
    if (offered.kind !== 'accepted') throw new Error(`${as}: ${JSON.stringify(offered)}`);
    trust = offered.trust;
    if (offered.record.kind === 'revocation') revoked = offered.record.value.devices;
  }
  return { trust, revoked };
};
const membersOf = async (site: string): Promise<string[]> => {
  try {
    return [...(await beliefOf(site)).trust.members.keys()].toSorted();
  } catch {
    return [];
  }
};
const within = { timeout: 20_000, interval: 100 };

describe('membership', () => {
  test('a burst of approvals ends in one roster that holds them all', async () => {
    const site = 'plant-1';
    const { token } = await makeToken(rig, acme, { site, maxUses: 20, autoApprove: true });
    const made = await Promise.all(Array.from({ length: 20 }, () => register(rig, token)));
    const ids = made.map(({ id }) => id).toSorted();
    await expect.poll(() => membersOf(site), within).toEqual(ids);
    const { trust } = await beliefOf(site);
    expect(trust.siteKeyGeneration).toBe(1);
  });

  test('a device that moves changes both sites, and the one it left has a new key', async () => {
    const { token } = await makeToken(rig, acme, {
      site: 'plant-2',
      maxUses: 2,
      autoApprove: true,
    });
    const [stays, moves] = [await register(rig, token), await register(rig, token)];
    await expect.poll(() => membersOf('plant-2'), within).toEqual([stays.id, moves.id].toSorted());
    const record = (site: string) => cloudSubjects.recordKey(acme.tenantKey, site, moves.id);
    await rig.platform.desired.put(record('plant-2'), Buffer.from('a record'));
    const body = { site: 'plant-3' };
    expect(
      await rig.ask('PATCH', `/api/devices/${moves.id}`, { token: acme.operator, body }),
    ).toMatchObject({ status: 200, body: { site: 'plant-3' } });
    await expect.poll(() => rig.platform.desired.get(record('plant-2')), within).toBeNull();
    await expect.poll(() => membersOf('plant-3'), within).toEqual([moves.id]);
    await expect.poll(() => membersOf('plant-2'), within).toEqual([stays.id]);
    expect((await beliefOf('plant-2')).trust.siteKeyGeneration).toBe(2);
    expect((await beliefOf('plant-3')).trust.siteKeyGeneration).toBe(1);
  });

  test('a deleted device is revoked until its key is registered afresh', async () => {
    const site = 'plant-4';
    const { token } = await makeToken(rig, acme, { site, maxUses: 3, autoApprove: true });
    await register(rig, token);
    const { id, device } = await register(rig, token);
    await rig.ask('DELETE', `/api/devices/${id}`, { token: acme.operator });
    const revoked = async () => {
      const belief = await beliefOf(site).catch(() => null);
      return belief?.revoked.map(({ publicKey }) => publicKey) ?? [];
    };
    await expect.poll(revoked, within).toContain(device.nkey);
    await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    await expect.poll(revoked, within).not.toContain(device.nkey);
  });

  test('what is undone with its transaction was never said', async () => {
    const before = await rig.owner.query('SELECT * FROM device_manager.memberships');
    const client = await rig.owner.connect();
    await client.query('BEGIN');
    await client.query(
      `UPDATE device_manager.devices SET deleted_at = now() WHERE site = 'plant-1'`,
    );
    await client.query('ROLLBACK');
    client.release();
    const after = await rig.owner.query('SELECT * FROM device_manager.memberships');
    expect(after.rows).toEqual(before.rows);
  });

  test('a bucket that was lost is filled again', async () => {
    const site = 'plant-1';
    const before = await membersOf(site);
    const stream = `KV_${streams.desiredBucket}`;
    await rig.platform.cloud.jsm.streams.delete(stream);
    await expect.poll(() => membersOf(site), within).toEqual(before);
    // One that lost its tail, too: the newest records are put again.
    const info = await rig.platform.cloud.jsm.streams.info(stream);
    await rig.platform.cloud.jsm.streams.deleteMessage(stream, info.state.last_seq, false);
    await expect.poll(() => membersOf(site), within).toEqual(before);
  });

  test('a site of another tenant with the same name is another site', async () => {
    const other = await openTenant(rig, `other-${randomUUID().slice(0, 8)}`);
    const { token } = await makeToken(rig, other, { site: 'plant-1', autoApprove: true });
    const { id } = await register(rig, token);
    const roster = () =>
      rig.platform.desired.get(cloudSubjects.recordKey(other.tenantKey, 'plant-1', 'roster'));
    await expect.poll(roster, within).not.toBeNull();
    expect(await membersOf('plant-1')).not.toContain(id);
    const foreign = (await roster()) ?? new Uint8Array();
    const { trust } = await beliefOf('plant-1');
    expect(offerRecord(trust, 'plant-1', 'site/roster', foreign).kind).toBe('refused');
  });
});
