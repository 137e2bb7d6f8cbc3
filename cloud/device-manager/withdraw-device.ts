/**
 * Takes the records of a deleted device off the hub, so that whoever still holds its credentials
 * finds nothing, and the record of one that moved off its old site. Driven by the domain event, hence
 * repeated until it worked, whatever was down. An event says what was: a hub that hands out a week of them
 * again takes nothing from a device that has come back since. No row is held while the hub is asked, which may
 * be stuck: what was seen there before the device was looked for is taken, and nothing that was put since.
 * Putting records there is the publisher's, which puts one anew after each move.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import type { Platform } from '@signalbeam/platform/service';
import { siteName, uuid } from '@signalbeam/sync/wire/shape';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { z } from 'zod';
import { placeOf } from './store/device-place.ts';

/** Only what is needed: the event may grow. */
const goneSchema = z.object({ deviceId: uuid, site: siteName, from: siteName.optional() });

/** What is put there again and again ends this try; the event is heard again later. */
const attemptsMax = 5;

/** Run again after it ended half-way it does what is left. */
const withdraw = async (
  { desired, pools }: Pick<Platform, 'desired' | 'pools'>,
  { tenantId, deviceId, left }: { tenantId: string; deviceId: string; left: string },
  key: string,
): Promise<void> => {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const revision = await desired.revisionOf(key);
    if (revision === 0 || (await placeOf(pools.system, tenantId, deviceId)) === left) return;
    if (await desired.delete(key, revision)) return;
  }
  throw new Error(`the record ${key} is put anew while it is taken away`);
};

export const startWithdrawing = (
  platform: Pick<Platform, 'cloud' | 'pools' | 'log' | 'keyring' | 'desired' | 'pushTenant'>,
): Subscription =>
  subscribeEvents({
    cloud: platform.cloud,
    sql: platform.pools.system,
    log: platform.log,
    durable: 'device-manager-withdrawals',
    subjects: ['signalbeam.devices.deleted', 'signalbeam.devices.moved'],
    handle: async ({ tenantId, data }) => {
      const { deviceId, site, from } = goneSchema.parse(data);
      const { account } = await platform.keyring.tenant(tenantId);
      const left = from ?? site;
      const key = cloudSubjects.recordKey(account.publicKey, left, deviceId);
      await withdraw(platform, { tenantId, deviceId, left }, key);
      // The account's list of revoked users names the device now.
      await platform.pushTenant(tenantId);
    },
  });
