/**
 * The loop that signs and publishes membership: whatever the rows say is left is done, by whichever
 * replica comes first, again until it worked. A change is on the hub within a second or two.
 */
import { startPokes } from '@signalbeam/platform/nats/pokes';
import type { Platform } from '@signalbeam/platform/service';
import { ensureMemberships, unsignedMemberships } from '../store/memberships.ts';
import { copyTenantRecords, dueSnapshots } from '../store/signed-records.ts';
import { lookAtBucket, publishRecords } from './publish.ts';
import { signMembership, signSnapshot } from './sign.ts';

export type MembershipParts = Pick<
  Platform,
  'pools' | 'kek' | 'keyring' | 'now' | 'log' | 'cloud' | 'config'
>;

const pollMs = 1_000;
/** Key sets and the age of snapshots are looked at less often than changes of membership. */
const lookOverMs = 5_000;
const batch = 64;
/** Well within a snapshot's life, so a device that hears the cloud has a fresh one. */
const snapshotRenewMs = 86_400_000;

/** Signs what waits; returns whether anything did. */
const signWaiting = async (parts: MembershipParts): Promise<boolean> => {
  for (let any = false; ; any = true) {
    const waiting = await unsignedMemberships(parts.pools.system, batch);
    for (const at of waiting) await signMembership(parts, at);
    if (waiting.length < batch) return any || waiting.length > 0;
  }
};

const signDue = async (parts: MembershipParts): Promise<void> => {
  const sql = parts.pools.system;
  await copyTenantRecords(sql);
  const renewBefore = new Date(parts.now() - snapshotRenewMs);
  for (;;) {
    const due = await dueSnapshots(sql, renewBefore, batch);
    for (const snapshot of due) await signSnapshot(parts, snapshot);
    if (due.length < batch) return;
  }
};

export const startMembership = (parts: MembershipParts): { stop: () => Promise<void> } => {
  const { cloud, log, pools } = parts;
  const pokes = startPokes(cloud.connection);
  let stopped = false;
  let wake: (() => void) | null = null;
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      if (stopped) return resolve();
      const timer = setTimeout(() => wake?.(), pollMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  let signedAtMs = Number.NEGATIVE_INFINITY;
  const round = async (): Promise<void> => {
    if (performance.now() - signedAtMs > lookOverMs) await ensureMemberships(pools.system, null);
    if ((await signWaiting(parts)) || performance.now() - signedAtMs > lookOverMs) {
      await signDue(parts);
      signedAtMs = performance.now();
    }
    for (let more = true; more && !stopped; ) {
      // Looked at again for each batch: what was just put is beyond the revision of before.
      const bucket = await lookAtBucket(cloud);
      more =
        bucket !== null && (await publishRecords({ cloud, pool: pools.system, pokes }, bucket));
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        await round();
      } catch (error) {
        if (!stopped) log.warn({ error }, 'membership could not be published; trying again');
      }
      await rest();
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped = true;
      wake?.();
      pokes.stop();
      await running;
    },
  };
};
