/**
 * Names other windows to devices that wait for some which are over: the same slots, asked for under the
 * same generation as before, so that nothing begins anew. As often as it takes, once for each six
 * windows that a device hears of and misses; and to devices at work whose rollout waits for no windows of
 * sites any more. Every replica may. Who is told in a rollout for the first
 * time, or again, is told by ../rollouts/tell.ts.
 */
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { hasWindows, lookAtWindows } from '../core/windows-over.ts';
import { lockTargets } from '../store/desired.ts';
import { heardOf, setWindowsDue, someWithWindowsOver } from '../store/windows-due.ts';
import { changesOf, retrying, storeChanges } from './change.ts';
import { nextWindows } from './next-windows.ts';

type Parts = Pick<Platform, 'pools' | 'keyring' | 'now' | 'log'> & { onChanged: () => void };

const lookEveryMs = 5_000;
const batch = 200;
/** Where none opens that could be named, or the device is not let in: that may be otherwise by then. */
const notNamedMs = 86_400_000;

type Heard = Awaited<ReturnType<typeof heardOf>>[number];
type Named = { heard: Heard; bundleIds: readonly string[] };

/** Those whose state is still the one that was looked at; returns which were given another. */
const tell = (
  { pools, keyring, now }: Parts,
  tenantId: string,
  named: ReadonlyMap<string, Named>,
): Promise<string[]> =>
  retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { director, kek } = await holdKeys(sql, keyring, tenantId);
    const targets = (await lockTargets(sql, tenantId, [...named.keys()])).filter(
      ({ deviceId, approved, generation }) =>
        approved && named.get(deviceId)?.heard.generation === generation,
    );
    const nowMs = now();
    // Which bundles of which device was decided by the look.
    const next = await nextWindows(sql, tenantId, targets, nowMs, hasWindows);
    const changes = changesOf(targets, (target) => {
      const bundleIds = named.get(target.deviceId)?.bundleIds;
      const slots = target.slots.map((slot) =>
        bundleIds?.includes(slot.bundleId) ? next(target, slot) : slot,
      );
      const isOpen = slots.every(({ windows }) => windows === undefined || windows.length > 0);
      return isOpen ? { kind: 'changed', slots } : { kind: 'unchanged' };
    });
    if (changes.length === 0) return [];
    await storeChanges(sql, changes, { tenantId, director, kek, nowMs });
    const devices = changes.map(({ target }) => target.deviceId);
    await writeAudit(sql, {
      ...systemAuthor(tenantId),
      action: 'desired.name-windows',
      target: `tenant:${tenantId}`,
      after: { devices },
    });
    return devices;
  });

/** Whoever is not named others is looked at later, or never again in this state. */
const lookAtSome = async (
  parts: Parts,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<number> => {
  const { system } = parts.pools;
  const nowMs = parts.now();
  const looks = (await heardOf(system, tenantId, deviceIds)).map((heard) => ({
    ...{ heard, look: lookAtWindows(heard, nowMs) },
  }));
  const named = new Map(
    looks.flatMap(({ heard, look }): [string, Named][] =>
      look.kind === 'name' ? [[heard.deviceId, { heard, bundleIds: look.bundleIds }]] : [],
    ),
  );
  const told = named.size === 0 ? [] : await tell(parts, tenantId, named);
  const others = looks.filter(({ heard }) => !told.includes(heard.deviceId));
  await setWindowsDue(
    system,
    tenantId,
    others.map(({ heard: { deviceId, generation }, look }) => ({
      ...{ deviceId, generation },
      dueAtMs: look.kind === 'wait' ? look.dueAtMs : nowMs + notNamedMs,
    })),
  );
  return told.length;
};

/** Returns how many were named others. A tenant whose turn fails holds up no other. */
export const nameWindows = async (parts: Parts): Promise<number> => {
  const failed: string[] = [];
  for (let total = 0; ; ) {
    const due = await someWithWindowsOver(parts.pools.system, batch, failed, parts.now());
    if (due === null) return total;
    try {
      const told = await lookAtSome(parts, due.tenantId, due.deviceIds);
      total += told;
      if (told > 0) parts.onChanged();
    } catch (error) {
      parts.log.warn({ error, tenantId: due.tenantId }, 'naming windows failed; trying again');
      failed.push(due.tenantId);
    }
  }
};

export const startNamingWindows = (parts: Parts): { stop: () => Promise<void> } =>
  every(
    lookEveryMs,
    () => nameWindows(parts),
    (error) => parts.log.warn({ error }, 'looking for windows that are over failed'),
  );
