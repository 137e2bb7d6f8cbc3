/**
 * What must hold of rollouts while they run, held against what the devices themselves wrote down and
 * not against what the planner counted: a wave waits for its gate, devices that stand in for one
 * another do not go down together, and no device starts a version that nobody said.
 */
import type { MaintenanceWindow } from '@signalbeam/bundle-orchestrator/core/pace';
import { labels } from '@signalbeam/edge/core/container';
import type { SlotKnown } from '@signalbeam/edge/core/known';
import type { Cloud, KeptRow, KeptWave, Rollout, RolloutWatch } from '../rollouts/tables.ts';
import type { Device } from '../world/device.ts';
import { rolledOut } from '../world/director.ts';
import type { HostContainer } from '../world/host.ts';
import type { Checks } from './watch.ts';

export type RolloutChecks = {
  watch: RolloutWatch;
  /** A device is about to write down where a bundle stands. */
  slotSaving(device: Device, slot: SlotKnown): void;
  /** It is about to start a container. */
  starting(device: Device, container: HostContainer): void;
};

type World = {
  cloud: () => Cloud;
  devices: () => readonly Device[];
  /** Whether devices of one pair may not go down together. */
  pairs: boolean;
};

/** The old version is stopped, or the new one has not proved itself yet. */
const isDown = (slot: SlotKnown | undefined): boolean => {
  const phase = slot?.update?.phase;
  return phase === 'swap' || phase === 'probe' || phase === 'restore';
};

/** Since when each version is known to have come out so on each device, by what they wrote down. */
const createNotes = () => {
  const notes = new Map<string, Map<string, number>>();
  return {
    note: (deviceId: string, bundleId: string, version: string, atMs: number): void => {
      const key = `${bundleId} ${version}`;
      const known = notes.get(key) ?? new Map<string, number>();
      if (!known.has(deviceId)) known.set(deviceId, atMs);
      notes.set(key, known);
    },
    of: ({ release }: Rollout): ReadonlyMap<string, number> =>
      notes.get(`${release.bundleId} ${release.version}`) ?? new Map(),
  };
};

const isOut = (status: string): boolean => status === 'cancelled' || status === 'rolled-back';

const rowsOf = (rollout: Rollout, { wave }: KeptWave) =>
  rollout.rows.filter((row) => row.wave === wave && !isOut(row.status));

/** Null where its failures allow the next one, those apart that a person let pass. */
const tooManyFailed = (rollout: Rollout, wave: KeptWave): string | null => {
  const rows = rowsOf(rollout, wave);
  const failed = rows.filter(({ status }) => status === 'failed').length;
  const finished = failed + rows.filter(({ status }) => status === 'succeeded').length;
  const { failedSampleMin, failedPercentMax } = wave.gate;
  const held = failed - wave.acceptedFailed;
  if (finished < Math.min(failedSampleMin, rows.length)) return null;
  return held > 0 && held * 100 > failedPercentMax * finished
    ? `${held} of ${finished} devices of wave ${wave.wave} failed`
    : null;
};

/** Who leaves the unreached out by now counts those that proved themselves, or are heard of. */
const confirmedOf = (
  { now, presenceOf }: Cloud,
  rollout: Rollout,
  wave: KeptWave,
  proved: ReadonlyMap<string, number>,
): { confirmed: number; needed: number; leavesOut: boolean } => {
  const { unreached, succeededPercentMin } = wave.gate;
  const openedAtMs = wave.openedAtMs ?? now();
  const rows = rowsOf(rollout, wave);
  const leavesOut = unreached.rule === 'go-on' && now() - openedAtMs >= unreached.afterMs;
  const counted = rows.filter(
    ({ deviceId }) => !leavesOut || proved.has(deviceId) || presenceOf(deviceId) === 'online',
  );
  const confirmed = rows.filter(({ deviceId }) => proved.has(deviceId)).length;
  const needed = Math.ceil((counted.length * succeededPercentMin) / 100);
  return { confirmed, needed, leavesOut };
};

/** When each open wave was last looked at while too few had confirmed: its soak begins after that. */
const createSoaks = () => {
  const shortAt = new Map<string, number>();
  const keyOf = ({ id }: Rollout, { wave }: KeptWave): string => `${id} ${wave}`;
  return {
    look: (cloud: Cloud, rollout: Rollout, proved: ReadonlyMap<string, number>): void => {
      if (rollout.status !== 'in-progress') return;
      for (const wave of rollout.waves) {
        if (wave.state !== 'open') continue;
        const { confirmed, needed } = confirmedOf(cloud, rollout, wave, proved);
        if (confirmed < needed) shortAt.set(keyOf(rollout, wave), cloud.now());
      }
    },
    whyNotOver: ({ now }: Cloud, rollout: Rollout, wave: KeptWave): string | null => {
      const shortAtMs = shortAt.get(keyOf(rollout, wave));
      if (wave.passedBy !== null || shortAtMs === undefined) return null;
      return now() - shortAtMs < wave.gate.soakMs
        ? 'too few had confirmed in the middle of its soak'
        : null;
    },
  };
};

/** Null when this wave was rightly passed. `proved`: on which devices, and since when. */
const whyNotPassed = (
  cloud: Cloud,
  rollout: Rollout,
  wave: KeptWave,
  proved: ReadonlyMap<string, number>,
): string | null => {
  const { gate, openedAtMs, approvals, passedBy } = wave;
  const { now } = cloud;
  if (openedAtMs === null) return 'the one before it never did';
  if (passedBy !== null) return null;
  const rows = rowsOf(rollout, wave);
  const { confirmed, needed, leavesOut } = confirmedOf(cloud, rollout, wave, proved);
  if (confirmed < needed) return `${confirmed} of ${needed} devices have confirmed`;
  if (now() - openedAtMs < gate.soakMs) return 'it has not soaked';
  // How many were needed then is not known where some were left out.
  const soakedMin = leavesOut ? Math.min(1, needed) : needed;
  const soaked = rows.filter(({ deviceId }) => {
    const sinceMs = proved.get(deviceId);
    return sinceMs !== undefined && now() - sinceMs >= gate.soakMs;
  });
  if (soaked.length < soakedMin) return 'it has not soaked since its devices confirmed';
  const others = approvals.filter((actor) => actor !== rollout.requestedBy);
  if (gate.approval === 'any-person' && approvals.length === 0) return 'nobody approved';
  if (gate.approval === 'another-person' && others.length === 0) return 'nobody else approved';
  return null;
};

/** Since it began, or since a person let it go on. */
const isOverTime = (wave: KeptWave | undefined, nowMs: number): boolean => {
  const fromMs = wave?.timedFromMs ?? wave?.openedAtMs ?? nowMs;
  const { timeoutMs = null } = wave?.gate ?? {};
  return timeoutMs !== null && nowMs - fromMs >= timeoutMs;
};

const minuteMs = 60_000;

/** An hour's devices, each in a minute's share of its own. */
const createRateJudge = (checks: Checks, world: World) => {
  const toldAt = new Map<string, number[]>();
  return ({ id, pace }: Rollout): void => {
    const { devicesPerHourMax } = pace;
    if (devicesPerHourMax === null) return;
    const now = world.cloud().now();
    const told = [...(toldAt.get(id) ?? []).filter((atMs) => now - atMs < 60 * minuteMs), now];
    toldAt.set(id, told);
    const lately = told.filter((atMs) => now - atMs < minuteMs).length;
    if (told.length > devicesPerHourMax || lately > Math.ceil(devicesPerHourMax / 60))
      checks.fail(
        'rate-held',
        `${id} tells ${lately} devices in a minute, ${told.length} in an hour`,
      );
  };
};

/** Worked out without the calendar of the product: the windows here open every so many minutes. */
const isOpenAt = ({ cron, minutes }: MaintenanceWindow, atMs: number): boolean => {
  const every = Number(/^\*\/(\d+) \* \* \* \*$/.exec(cron)?.[1]);
  if (!Number.isInteger(every)) throw new Error(`no check knows the window ${cron}`);
  const minute = Math.floor(atMs / minuteMs) % 60;
  return minute % every < minutes;
};

/** Who was told by a newer rollout is not told by an older one. */
const judgeOrder = (checks: Checks, world: World, rollout: Rollout, deviceId: string): void => {
  const cloud = world.cloud();
  const slots = cloud.director.wanted.get(deviceId)?.slots ?? [];
  const from = slots.find(({ bundleId }) => bundleId === rolledOut)?.rolloutId ?? '';
  const order = [...cloud.tables.rollouts.keys()];
  if (order.indexOf(from) > order.indexOf(rollout.id))
    checks.fail('newest-wish-holds', `${rollout.id} tells ${deviceId}, which ${from} told since`);
};

/** Nobody is told outside of a window, nor who runs what was asked of it under this very generation. */
const judgeTelling = (
  checks: Checks,
  world: World,
  { id, pace }: Rollout,
  deviceId: string,
): void => {
  const { now, director, tables } = world.cloud();
  if (pace.windows.length > 0 && !pace.windows.some((window) => isOpenAt(window, now())))
    checks.fail('told-in-a-window', `${id} tells ${deviceId} while no window is open`);
  const isTainted = world
    .devices()
    .some(({ parts, tainted }) => parts.deviceId === deviceId && tainted);
  const wanted = director.wanted
    .get(deviceId)
    ?.slots.find(({ bundleId }) => bundleId === rolledOut);
  if (isTainted || wanted?.rolloutId !== id) return;
  const said = tables.reports
    .get(deviceId)
    ?.slots.find(
      ({ bundleId, rolloutId, requestedGeneration }) =>
        bundleId === rolledOut &&
        rolloutId === id &&
        requestedGeneration === wanted.requestedGeneration,
    );
  if (said?.status === 'running')
    checks.fail('told-once', `${id} tells ${deviceId} again, which has said that it runs it`);
};

/** By itself one is told again so often and no more; before that it waits. */
const judgeTries = (checks: Checks, { id, pace }: Rollout, { deviceId, retryCount }: KeptRow) => {
  if ((retryCount ?? 0) > pace.retriesMax)
    checks.fail('tries-are-counted', `${id} has ${deviceId} try again for the ${retryCount}. time`);
};

/** Devices that stand in for one another are not down together. */
const createGroupJudge =
  (checks: Checks, world: World) =>
  (device: Device, slot: SlotKnown): void => {
    if (!world.pairs || device.tainted || slot.update?.phase !== 'swap') return;
    const { memberOf } = world.cloud();
    const member = memberOf(device.parts.deviceId, 'pair');
    for (const other of world.devices()) {
      if (other === device || other.tainted) continue;
      if (memberOf(other.parts.deviceId, 'pair') !== member) continue;
      if (isDown(other.disk.content.slots.get(rolledOut)))
        checks.fail(
          'one-of-a-group',
          `device ${device.parts.number} takes ${slot.bundleName} down while device ${other.parts.number} of ${member} has it down`,
        );
    }
  };

export const createRolloutChecks = (checks: Checks, world: World): RolloutChecks => {
  const [proofs, failures] = [createNotes(), createNotes()];
  const judgeRate = createRateJudge(checks, world);
  const soaks = createSoaks();
  const judgeGroup = createGroupJudge(checks, world);
  return {
    watch: {
      looked: (rollout) => soaks.look(world.cloud(), rollout, proofs.of(rollout)),
      opened: (rollout, { wave: number }) => {
        // One opens in the transaction in which the one before it is passed.
        const before = rollout.waves[number - 1];
        if (before === undefined) return;
        const early = rollout.waves.slice(0, number).find(({ state }) => state !== 'passed');
        const why =
          early === undefined
            ? (whyNotPassed(world.cloud(), rollout, before, proofs.of(rollout)) ??
              soaks.whyNotOver(world.cloud(), rollout, before) ??
              rollout.waves
                .slice(0, number)
                .map((wave) => (wave.passedBy === null ? tooManyFailed(rollout, wave) : null))
                .find((why) => why !== null) ??
              null)
            : `wave ${early.wave} is not passed`;
        if (why !== null)
          checks.fail('gate-before-wave', `wave ${number} of ${rollout.id} opens: ${why}`);
      },
      told: (rollout, row) => {
        const { deviceId, wave } = row;
        if (rollout.waves[wave]?.state === 'waiting')
          checks.fail('gate-before-wave', `${deviceId} is told before its wave ${wave} is open`);
        judgeTries(checks, rollout, row);
        judgeRate(rollout);
        judgeTelling(checks, world, rollout, deviceId);
        judgeOrder(checks, world, rollout, deviceId);
      },
      tookTooLong: ({ id }, { deviceId }) => {
        if (world.cloud().presenceOf(deviceId) !== 'online')
          checks.fail('silence-fails-nobody', `${id} fails ${deviceId}, of which nothing is heard`);
      },
      stopped: (rollout, wave) => {
        const failed = failures.of(rollout);
        const rows = rollout.rows.filter((row) => row.wave === wave);
        const isLate = isOverTime(rollout.waves[wave], world.cloud().now());
        if (isLate || rows.some(({ tookTooLong }) => tookTooLong === true)) return;
        if (!rows.some(({ deviceId }) => failed.has(deviceId)))
          checks.fail(
            'stops-for-a-failure',
            `${rollout.id} stops, and nobody in wave ${wave} failed`,
          );
      },
    },
    slotSaving: (device, slot) => {
      if (slot.bundleId !== rolledOut) return;
      const now = world.cloud().now();
      if (slot.confirmed !== null)
        proofs.note(device.parts.deviceId, slot.bundleId, slot.confirmed.version, now);
      if (slot.failed !== null)
        failures.note(device.parts.deviceId, slot.bundleId, slot.failed.target.version, now);
      judgeGroup(device, slot);
    },
    starting: ({ parts }, container) => {
      if (container.labels[labels.bundle] !== rolledOut) return;
      const version = container.labels[labels.version] ?? '';
      const said = world.cloud().director.said.get(parts.deviceId);
      if (said?.has(version) !== true)
        checks.fail(
          'said-version',
          `device ${parts.number} was about to start ${version}, which neither a rollout nor its rollback said`,
        );
    },
  };
};
