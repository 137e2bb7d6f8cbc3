/** Reports of many devices that are heard together: the newest of each counts, and each rollout looks once. */
import { randomUUID } from 'node:crypto';
import { desiredDigestOf } from '@signalbeam/sync/wire/records';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { addDevice, makeBundle, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { advanceFor, hearReports } from './hear-reports.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

const epoch = '0123456789abcdef';
type Said = { status: ReportedBody['slots'][number]['status']; seq: number; epoch?: string };

/** As ingest records it of what this device says of what is wanted of it now. */
const reportOf = async (device: TestDevice, said: Said, tenant = fleet.one) => {
  const { generation, slots } = await fleet.desired(device).catch(() => ({
    ...{ generation: 1, slots: [] },
  }));
  const reported = {
    ...{ generation: generation ?? 1, bootId: 'boot', agentVersion: '0.2.0', waiting: '' },
    engine: { kind: 'docker', version: '20.10', reachable: true },
    containers: [],
    slots: (slots ?? []).map(
      ({ bundleId, bundleName, version, rolloutId, requestedGeneration }) => ({
        ...{ bundleId, bundleName, version, rolloutId, requestedGeneration, runningVersion: null },
        ...{ status: said.status, reason: null, logTail: [] },
      }),
    ),
  };
  const receivedAt = new Date(1_795_867_200_000 + said.seq).toISOString();
  const { deviceId } = device;
  const data = { deviceId, receivedAt, epoch, ...said, reported };
  return { tenantId: tenant.tenantId, data };
};

const hear = (messages: Parameters<typeof hearReports>[1]) => {
  const { pools, keyring, log, now } = fleet.rig.platform;
  return hearReports({ pools, keyring, log, now, onChanged: () => undefined }, messages);
};

/** Types of what was told of this rollout, in order. */
const toldOf = async (rolloutId: string): Promise<string[]> => {
  const { rows } = await fleet.rig.owner.query<{ type: string }>(
    `SELECT type FROM platform.domain_events WHERE data ->> 'rolloutId' = $1 AND type LIKE 'rollout.%'
      ORDER BY position`,
    [rolloutId],
  );
  return rows.map(({ type }) => type);
};
const keptOf = async (device: TestDevice) => {
  const { rows } = await fleet.rig.owner.query<{ epoch: string; seq: number }>(
    'SELECT epoch, seq FROM bundle_orchestrator.device_reports WHERE device_id = $1',
    [device.deviceId],
  );
  return rows;
};

const many = async (count: number): Promise<{ bundleId: string; devices: TestDevice[] }> => {
  const mark = randomUUID().slice(0, 8);
  const bundleId = await makeBundle(fleet.rig, fleet.one, `web-${mark}`, ['1.0.0']);
  const devices: TestDevice[] = [];
  for (let each = 0; each < count; each += 1)
    devices.push(await addDevice(fleet.rig, fleet.one, `gateway-${each}-${mark}`));
  return { bundleId, devices };
};

it('moves all their rows by one look, whatever the order and however often', async () => {
  const { bundleId, devices } = await many(12);
  const rollout = await fleet.started(bundleId, '1.0.0', devices);
  const before = (await toldOf(rollout.id)).length;
  const said = (status: Said['status'], seq: number) =>
    Promise.all(devices.map((device) => reportOf(device, { status, seq })));
  await hear(await said('downloading', 1));
  expect((await toldOf(rollout.id)).slice(before)).toEqual(['rollout.progressed']);
  expect((await fleet.get(rollout.id)).progress).toMatchObject({ inProgress: 12, succeeded: 0 });

  // The newer one first, and one of them twice.
  const [verifying, running] = [await said('verifying', 2), await said('running', 3)];
  await hear([...running, ...verifying, ...running.slice(0, 1)]);
  expect(await fleet.get(rollout.id)).toMatchObject({
    ...{ status: 'succeeded', progress: { succeeded: 12 } },
  });
  const after = await toldOf(rollout.id);
  expect(after.slice(before + 1)).toEqual(['rollout.completed']);
  await hear([...verifying, ...running]);
  expect(await toldOf(rollout.id)).toEqual(after);
  expect(await keptOf(devices[0] as TestDevice)).toEqual([{ epoch, seq: 3 }]);
});

it('serves several rollouts and tenants at once', async () => {
  const [one, two] = [await many(2), await many(2)];
  const rollouts = [
    await fleet.started(one.bundleId, '1.0.0', one.devices),
    await fleet.started(two.bundleId, '1.0.0', two.devices),
  ];
  const foreign = await addDevice(fleet.rig, fleet.two, 'elsewhere');
  const own = await Promise.all(
    [...one.devices, ...two.devices].map((device) =>
      reportOf(device, { status: 'running', seq: 5 }),
    ),
  );
  await hear([await reportOf(foreign, { status: 'running', seq: 5 }, fleet.two), ...own]);
  for (const { id } of rollouts)
    expect(await fleet.get(id)).toMatchObject({ status: 'succeeded', progress: { succeeded: 2 } });
  expect(await keptOf(foreign)).toEqual([{ epoch, seq: 5 }]);
});

it('keeps of several lives of a device the one that arrived last', async () => {
  const { devices } = await many(1);
  const [device] = devices as [TestDevice];
  const later = 'fedcba9876543210';
  const reports = [
    await reportOf(device, { status: 'running', seq: 9 }),
    await reportOf(device, { status: 'running', seq: 10, epoch: later }),
    await reportOf(device, { status: 'running', seq: 8 }),
  ];
  await hear(reports);
  expect(await keptOf(device)).toEqual([{ epoch: later, seq: 10 }]);
  await hear(reports.slice(0, 1));
  expect(await keptOf(device)).toEqual([{ epoch: later, seq: 10 }]);
});

it('are awaited still of a device that an old event says is gone, and not of one that is', async () => {
  const { bundleId, devices } = await many(1);
  const [device] = devices as [TestDevice];
  const rollout = await fleet.started(bundleId, '1.0.0', [device]);
  await fleet.says(device, bundleId, 'verifying');
  expect((await fleet.steer(rollout.id, 'cancel')).status).toBe(200);
  const { pools, keyring, log, now } = fleet.rig.platform;
  const parts = { pools, keyring, log, now, onChanged: () => undefined };
  const at = { tenantId: fleet.one.tenantId, deviceId: device.deviceId };
  const isAwaited = async (): Promise<boolean> => {
    const { rows } = await fleet.rig.owner.query(
      `SELECT FROM bundle_orchestrator.rollout_devices
        WHERE rollout_id = $1 AND given_back_generation IS NOT NULL`,
      [rollout.id],
    );
    return rows.length === 1;
  };
  expect(await isAwaited()).toBe(true);
  await advanceFor(parts, [at], true);
  expect(await isAwaited()).toBe(true);
  await fleet.rig.owner.query(
    "UPDATE device_manager.devices SET status = 'rejected' WHERE id = $1",
    [device.deviceId],
  );
  await advanceFor(parts, [at], true);
  expect(await isAwaited()).toBe(false);
});

const assign = ({ deviceId }: TestDevice, bundleId: string) =>
  fleet.rig.ask('POST', `/api/devices/${deviceId}/bundle`, {
    token: fleet.one.operator,
    body: { bundleId, version: '1.0.0' },
  });

/** As a device reports that was told so many more wishes than this Postgres knows of. */
const saysItHas = async (device: TestDevice, generation: number, seq: number) => {
  const { tenantId, data } = await reportOf(device, { status: 'running', seq });
  return { tenantId, data: { ...data, reported: { ...data.reported, generation } } };
};

it('of wishes that a restored Postgres lost have those it knows signed above them, once', async () => {
  const { bundleId, devices } = await many(3);
  const [ahead, other, asked] = devices as [TestDevice, TestDevice, TestDevice];
  for (const device of devices) await assign(device, bundleId);
  const { slots } = await fleet.desired(ahead);
  const message = await saysItHas(ahead, 41, 1);
  await hear([message, await saysItHas(other, 1, 1)]);
  await hear([message]);
  expect(await fleet.desired(ahead)).toMatchObject({ generation: 42, slots });
  expect(await fleet.desired(other)).toMatchObject({ generation: 1 });
  expect(await fleet.desired(asked)).toMatchObject({ generation: 1 });
});

/** The digest of what Postgres holds for this device. */
const digestOf = async ({ deviceId }: TestDevice): Promise<string> => {
  const { rows } = await fleet.rig.owner.query<{ envelope: Buffer }>(
    'SELECT envelope FROM bundle_orchestrator.desired_states WHERE device_id = $1',
    [deviceId],
  );
  return desiredDigestOf(rows[0]?.envelope ?? Buffer.alloc(0));
};

it('of another wish under a number that a restored Postgres gave again have its own signed above it, once', async () => {
  const { bundleId, devices } = await many(3);
  const [differs, same, older] = devices as [TestDevice, TestDevice, TestDevice];
  for (const device of devices) await assign(device, bundleId);
  const { slots } = await fleet.desired(differs);
  const saying = async (device: TestDevice, desiredDigest: string, seq: number) => {
    const { tenantId, data } = await saysItHas(device, 1, seq);
    return { tenantId, data: { ...data, reported: { ...data.reported, desiredDigest } } };
  };
  const lost = `sha256:${'a'.repeat(64)}`;
  const message = await saying(differs, lost, 1);
  // An agent of before says no digest.
  await hear([message, await saying(same, await digestOf(same), 1), await saysItHas(older, 1, 1)]);
  await hear([message]);
  expect(await fleet.desired(differs)).toMatchObject({ generation: 2, slots });
  expect(await fleet.desired(same)).toMatchObject({ generation: 1 });
  expect(await fleet.desired(older)).toMatchObject({ generation: 1 });
  // It has taken that one, and says so.
  const taken = await saying(differs, await digestOf(differs), 2);
  taken.data.reported.generation = 2;
  await hear([taken]);
  expect(await fleet.desired(differs)).toMatchObject({ generation: 2 });
});

it('of a wish beyond all that can have been made are not believed, and hold up nobody', async () => {
  const { bundleId, devices } = await many(2);
  const [liar, other] = devices as [TestDevice, TestDevice];
  for (const device of devices) await assign(device, bundleId);
  await hear([await saysItHas(liar, Number.MAX_SAFE_INTEGER, 1), await saysItHas(other, 7, 1)]);
  expect(await fleet.desired(liar)).toMatchObject({ generation: 1 });
  expect(await fleet.desired(other)).toMatchObject({ generation: 8 });
  for (const [device, generation] of [
    [liar, 2],
    [liar, 3],
    [other, 9],
  ] as const) {
    await assign(device, bundleId);
    expect(await fleet.desired(device)).toMatchObject({ generation });
  }
});
