/**
 * What the hub holds of devices that moved and went, also when it hands out old events again: a consumer
 * that is made anew after a crash hears a week of them once more.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
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
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
});
afterAll(() => rig.stop());

const keyOf = (site: string, id: string): string =>
  cloudSubjects.recordKey(acme.tenantKey, site, id);

/** What the publisher does. */
const put = (site: string, id: string): Promise<void> =>
  rig.platform.desired.put(keyOf(site, id), Buffer.from(`${site} ${id}`));

const move = async (id: string, site: string): Promise<void> => {
  const token = acme.operator;
  const answer = await rig.ask('PATCH', `/api/devices/${id}`, { token, body: { site } });
  expect(answer.status).toBe(200);
};

type Told = { type: 'device.moved' | 'device.deleted'; data: { deviceId: string; site: string } };

const told = (event: Told): Promise<void> =>
  recordEvent(rig.platform.pools.system, {
    ...{ tenantId: acme.tenantId, type: event.type },
    subject: `signalbeam.devices.${event.type.slice('device.'.length)}`,
    data: { name: 'pump', ...event.data },
  });

/** One after the other: once the record that the last one takes is gone, all were heard. */
const heardAll = async (): Promise<void> => {
  const stray = crypto.randomUUID();
  await put('nowhere', stray);
  await told({
    type: 'device.deleted',
    data: { deviceId: stray, site: 'nowhere', publicKey: acme.tenantKey } as Told['data'],
  });
  await expect
    .poll(() => rig.platform.desired.get(keyOf('nowhere', stray)), { timeout: 20_000 })
    .toBeNull();
};

test('a week of events that is heard again, in order or not, takes no record from whoever is there', async () => {
  const { token } = await makeToken(rig, acme, { maxUses: 3, autoApprove: true });
  const [back, away, gone] = [
    (await register(rig, token, 'comes-back')).id,
    (await register(rig, token, 'moves-away')).id,
    (await register(rig, token, 'goes')).id,
  ];
  const moved = (deviceId: string, from: string, site: string): Told => ({
    type: 'device.moved',
    data: { deviceId, site, from } as Told['data'],
  });
  const week = [
    moved(back, 'plant-7', 'plant-8'),
    moved(back, 'plant-8', 'plant-9'),
    moved(back, 'plant-9', 'plant-7'),
    moved(away, 'plant-7', 'plant-8'),
    {
      type: 'device.deleted',
      data: { deviceId: gone, site: 'plant-7', publicKey: acme.tenantKey } as Told['data'],
    } as const,
  ];
  for (const site of ['plant-8', 'plant-9', 'plant-7']) await move(back, site);
  await move(away, 'plant-8');
  const removed = await rig.ask('DELETE', `/api/devices/${gone}`, { token: acme.operator });
  expect(removed.status).toBe(204);
  await heardAll();
  const sites = ['plant-7', 'plant-8', 'plant-9'];
  for (const id of [back, away, gone]) for (const site of sites) await put(site, id);
  const there = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const [name, id] of Object.entries({ back, away, gone })) {
      for (const site of sites) {
        const record = await rig.platform.desired.get(keyOf(site, id));
        if (record !== null) found.push(`${name} ${site}`);
      }
    }
    return found;
  };
  for (const again of [week, week.toReversed(), [...week.slice(2), ...week.slice(0, 2)]]) {
    for (const event of again) await told(event);
    await heardAll();
    // Of the one that went it takes what it was found under, and no more is asked of it here.
    expect(await there()).toEqual([
      'back plant-7',
      'away plant-8',
      'away plant-9',
      'gone plant-8',
      'gone plant-9',
    ]);
  }
});

/** Has something done between the look at where the device is and the hub's taking its record away. */
const beforeTaking = (key: string, work: () => Promise<unknown>) => {
  const { desired } = rig.platform;
  const { delete: take } = desired;
  const done = Promise.withResolvers<unknown>();
  desired.delete = async (...args) => {
    if (args[0] !== key) return take(...args);
    desired.delete = take;
    await work().then(done.resolve, done.reject);
    return take(...args);
  };
  return done.promise;
};

test('no row is held while the hub takes its time, and who comes back meanwhile keeps its record', async () => {
  const { token } = await makeToken(rig, acme, { maxUses: 1, autoApprove: true });
  const { id } = await register(rig, token, 'comes-back-at-once');
  await put('plant-7', id);
  const meanwhile = beforeTaking(keyOf('plant-7', id), async () => {
    const { rows } = await rig.platform.pools.system.query(
      'SELECT id FROM device_manager.devices WHERE id = $1 FOR UPDATE NOWAIT',
      [id],
    );
    expect(rows).toEqual([{ id }]);
    await move(id, 'plant-7');
    await put('plant-7', id);
  });
  await move(id, 'plant-8');
  await meanwhile;
  await heardAll();
  expect(await rig.platform.desired.get(keyOf('plant-7', id))).not.toBeNull();
  // It goes all the same when the device leaves.
  await move(id, 'plant-9');
  await expect
    .poll(() => rig.platform.desired.get(keyOf('plant-7', id)), { timeout: 20_000 })
    .toBeNull();
});
