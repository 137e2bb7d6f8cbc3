/**
 * Takes the records of a deleted device off the hub, so that whoever still holds its credentials
 * finds nothing, and the record of one that moved off its old site. Driven by the domain event, hence
 * repeated until it worked, whatever was down. An event says what was: a hub that hands out a week of them
 * again takes nothing from a device that has come back since. Putting records there is the publisher's.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { siteName, uuid } from '@signalbeam/sync/wire/shape';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { z } from 'zod';
import { holdPlace } from './store/device-place.ts';

/** Only what is needed: the event may grow. */
const goneSchema = z.object({ deviceId: uuid, site: siteName, from: siteName.optional() });

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
      // Held until the record is gone: whoever moves it back then has it published after that.
      await transaction(platform.pools.system, async (sql) => {
        if ((await holdPlace(sql, tenantId, deviceId)) === left) return;
        await platform.desired.delete(cloudSubjects.recordKey(account.publicKey, left, deviceId));
      });
      // The account's list of revoked users names the device now.
      await platform.pushTenant(tenantId);
    },
  });
