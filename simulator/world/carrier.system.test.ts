/** The carrier over NATS, through a real hub and its accounts, runs the suite of the simulated one. */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { deviceUserJwt } from '@signalbeam/platform/nats/users';
import { addTestTenant, openTestPlatform } from '@signalbeam/platform/rig.suite';
import { type CarrierUnderTest, carrierSuite } from '@signalbeam/sync/nats/carrier.suite';
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { cloudSubjects, deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { inject, vi } from 'vitest';

const site = 'plant-7';

const openReal = async (): Promise<CarrierUnderTest> => {
  const test = await openTestPlatform(inject('postgresUrl'));
  const { platform, world } = test;
  const [tenantId, deviceId] = [randomUUID(), randomUUID()];
  const tenantKey = await addTestTenant(platform, tenantId);
  const { nkey, seed } = createDeviceKey();
  const jwt = await deviceUserJwt(platform.keyring, { tenantId, site, deviceId, publicKey: nkey });
  const cloud = platform.cloud.connection;
  let answers: Subscription | undefined;
  const answer = (callback: (message: Msg) => void): void => {
    answers = cloud.subscribe(cloudSubjects.hellos, {
      callback: (_failure, message) => callback(message),
    });
  };
  const carrier = openCarrier({
    urls: [world.hub.url],
    credentials: () => ({ jwt, seed }),
    inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
    name: 'a device',
    random: Math.random,
    log: () => undefined,
    redialMs: { first: 50, max: 500 },
  });
  return {
    carrier,
    subjects: {
      told: deviceSubjects.heartbeat(deviceId),
      asked: deviceSubjects.hello(site, deviceId),
      stored: deviceSubjects.lane('events', deviceId),
      heard: deviceSubjects.down(site, deviceId, 'poke'),
    },
    listening: async () => {
      const next = Promise.withResolvers<Uint8Array>();
      cloud.subscribe(cloudSubjects.heartbeats, {
        max: 1,
        callback: (_failure, { data }) => next.resolve(data),
      });
      await cloud.flush();
      return () => next.promise;
    },
    answering: async (how) => {
      answers?.unsubscribe();
      answer((message) => how === 'echo' && message.respond(message.data));
      await cloud.flush();
    },
    say: (bytes) => cloud.publish(cloudSubjects.down(tenantKey, site, deviceId, 'poke'), bytes),
    cut: () => world.hub.kill(),
    mend: async () => {
      await world.hub.start();
      await vi.waitFor(() => cloud.flush(), 20_000);
    },
    close: async () => {
      await carrier.close();
      await test.close();
    },
  };
};

carrierSuite('over NATS', openReal);
