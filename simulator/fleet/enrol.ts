/**
 * How a simulated device comes in: it registers over HTTP with a registration token and its own key,
 * and fetches what approved devices receive, with the agent's own client. A cloud that asks to wait
 * is waited for.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCloud } from '@signalbeam/edge/link/cloud';
import { createTokenMint } from '@signalbeam/edge/link/device-token';
import { trustOfEnrolment } from '@signalbeam/edge/store/trust';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Trust } from '@signalbeam/sync/core/trust';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import { signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { type FleetIdentity, newKeys } from './identities.ts';

const attemptsMax = 6;
const firstDelayMs = 500;

const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FleetError) || attempt === attemptsMax) throw error;
      await sleep(firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
};

export const registerDevice = async (
  url: string,
  wish: { token: string; name: string },
): Promise<FleetIdentity> => {
  const keys = newKeys();
  const answer = await patiently(() =>
    openCloud({ url }).register({
      registrationToken: wish.token,
      name: wish.name,
      publicKey: keys.nkey,
      sealingKey: keys.sealingKey,
      agentVersion: '0.1.0',
      platform: { os: 'linux', architecture: 'arm64', hostname: hostname() },
    }),
  );
  const { deviceId, tenantId, site } = answer;
  return { deviceId, tenantId, site, name: wish.name, ...keys };
};

export type Enrolled = { jwt: string; hubUrls: readonly string[]; trust: Trust };

/** Devices of a site begin with the same trust: one copy of it is held, not thousands. */
export const createEnroller = (url: string) => {
  const trusts = new Map<string, Trust>();
  const trustOf = (enrolment: Enrolment): Trust => {
    const { root, keyset } = enrolment.records;
    const key = `${enrolment.site} ${root} ${keyset}`;
    const known = trusts.get(key) ?? trustOfEnrolment(enrolment, 0).trust;
    trusts.set(key, known);
    return known;
  };
  return async ({ deviceId, seed, name }: FleetIdentity): Promise<Enrolled> => {
    const signer = signerFromNkeySeed(seed);
    const mint = createTokenMint({ signer, deviceId, now: Date.now });
    const cloud = openCloud({ url, mint });
    return patiently(async () => {
      const answer = await cloud.enrolment(deviceId, null);
      if (answer.status !== 'approved') {
        throw new FleetError('fleet-device-not-approved', `${name} is ${answer.status}.`, {
          next: 'Approve it, or give another --folder.',
        });
      }
      const { enrolment } = answer;
      const { deviceJwt, hubUrls } = enrolment.nats;
      return { jwt: deviceJwt, hubUrls, trust: trustOf(enrolment) };
    });
  };
};
