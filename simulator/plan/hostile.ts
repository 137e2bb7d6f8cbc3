/**
 * Somebody who holds the broker, or a relay on the way: says again what was said, says what nobody
 * said, and says it to others. It knows everything but the keys.
 */
import { laneNames } from '@signalbeam/sync/core/lanes';
import type { Desired } from '@signalbeam/sync/core/manifest';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { Random } from '../kernel/random.ts';
import type { Device } from '../world/device.ts';
import { tenantId } from '../world/directory.ts';
import type { World } from '../world/world.ts';

const site = 'plant-7';

const toAck = (device: Device, bytes: Uint8Array): void =>
  device.carrier?.deliver(deviceSubjects.down(site, device.parts.deviceId, 'ack'), bytes);

/** An acknowledgement of everything the device has, right but for its signature. */
const forgedAck = (world: World, device: Device): Uint8Array =>
  world.notary.sealAcknowledgement(
    {
      device: device.parts.deviceId,
      serverTime: Math.floor(world.kernel.now()),
      lanes: laneNames.flatMap((lane) => {
        const content = device.disk.content.lanes.get(lane);
        if (content === undefined) return [];
        const { epoch, lastSeq, lastHash } = content;
        return [{ lane, epoch, upTo: lastSeq, hash: lastHash, credit: 4_000 }];
      }),
    },
    world.notary.signer('mallory'),
  );

const forgedDesired = (world: World, device: Device, random: Random): Uint8Array => {
  const wanted = world.director.wanted.get(device.parts.deviceId);
  const content: Desired = {
    tenantId,
    deviceId: device.parts.deviceId,
    generation: (wanted?.generation ?? 0) + 1 + random.int(5),
    issuedAt: '2026-01-01T00:00:00.000Z',
    slots: [],
  };
  if (wanted !== undefined && random.chance(0.5)) return world.notary.tamper(wanted.bytes);
  return world.notary.sealDesired(content, world.notary.signer('mallory'));
};

/** What the device will find as its record, until the director puts its own there again. */
const plant = (world: World, device: Device, bytes: Uint8Array): void => {
  const { deviceId } = device.parts;
  world.broker.records.set(deviceId, bytes);
  world.sendDown(deviceId, 'poke', Buffer.from(JSON.stringify({ generation: 1_000_000 })));
};

export const listenIn = (
  world: World,
  device: Device,
  random: Random,
  how: 'replay' | 'forgery' | 'misdelivery',
): void => {
  const { overheard, director } = world;
  const own = overheard.filter(({ deviceId }) => deviceId === device.parts.deviceId);
  const others = overheard.filter(({ deviceId }) => deviceId !== device.parts.deviceId);
  switch (how) {
    case 'replay': {
      if (own.length > 0) toAck(device, random.pick(own).bytes);
      const old = world.remembered.filter(({ deviceId }) => deviceId === device.parts.deviceId);
      if (old.length > 0) plant(world, device, random.pick(old).bytes);
      device.staleWelcome = random.chance(0.5);
      return;
    }
    case 'forgery':
      toAck(device, forgedAck(world, device));
      if (own.length > 0) toAck(device, world.notary.tamper(random.pick(own).bytes));
      plant(world, device, forgedDesired(world, device, random));
      return;
    case 'misdelivery': {
      if (others.length > 0) toAck(device, random.pick(others).bytes);
      const foreign = [...director.wanted].filter(
        ([deviceId]) => deviceId !== device.parts.deviceId,
      );
      if (foreign.length > 0) plant(world, device, random.pick(foreign)[1].bytes);
    }
  }
};
