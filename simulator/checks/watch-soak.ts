/**
 * A version is confirmed only after probes that went well over its soak, as the simulated host
 * answered them. It follows what a device wrote down: what a death or a full disk took away counts
 * for neither side. A disk that was exchanged may bring any time with it and is not judged.
 */
import { labels, type ObservedContainer } from '@signalbeam/edge/core/container';
import type { SlotKnown, Update } from '@signalbeam/edge/core/known';
import type { Release } from '@signalbeam/sync/core/manifest';
import type { Device } from '../world/device.ts';
import type { Director } from '../world/director.ts';

/** Rounds that all went well, from the first to the last of them, by the device's own clock. */
type Run = { since: number; last: number } | null;

/** A round, what its probes may take, and what a slow machine or a restart adds. */
const betweenRoundsMsMax = 33_000;

const soakMsOf = ({ containers }: Release): number =>
  Math.max(...containers.map(({ healthCheck }) => healthCheck?.soakMs ?? 5_000));

const isProbing = (update: Update | null | undefined): update is Update =>
  update?.phase === 'probe';

export type SoakWatch = {
  probed(container: ObservedContainer, healthy: boolean): void;
  slotSaved(slot: SlotKnown, before: SlotKnown | undefined): void;
};

export const watchSoak = (
  fail: (invariant: string, text: string) => void,
  director: () => Director,
  device: () => Device,
): SoakWatch => {
  /** What the host answered this life since its last round was written down: by bundle, then by container. */
  const answers = new Map<string, Map<string, boolean>>();
  let life = 0;
  const forgetEarlierLives = (): void => {
    if (device().boots !== life) answers.clear();
    life = device().boots;
  };
  /** By bundle, then by the `lastProbeAt` that was written down with it. */
  const runs = new Map<string, Map<number | null, Run>>();
  const releaseOf = ({ target }: Update): Release | undefined =>
    director().releases.get(target.releaseDigest)?.release;

  const wentWell = (bundleId: string, update: Update): boolean => {
    const said = answers.get(bundleId);
    const containers = releaseOf(update)?.containers ?? [];
    const { version } = update.target;
    return containers.every(({ name }) => said?.get(`${name}@${version}`) === true);
  };
  const afterRound = (run: Run, isWell: boolean, at: number): Run => {
    if (!isWell) return null;
    const goesOn = run !== null && at >= run.last && at - run.last <= betweenRoundsMsMax;
    return { since: goesOn ? run.since : at, last: at };
  };
  const judge = (slot: SlotKnown, update: Update): void => {
    const release = releaseOf(update);
    const { number } = device().parts;
    if (release === undefined || device().tainted) return;
    const run = runs.get(slot.bundleId)?.get(update.lastProbeAt) ?? null;
    const soakedMs = run === null ? 0 : run.last - run.since;
    if (run === null || soakedMs < soakMsOf(release))
      fail(
        'confirmed-by-probes',
        `device ${number} confirmed ${update.target.version}, which probes saw well for ${soakedMs} ms`,
      );
  };

  return {
    probed: (container, healthy) => {
      forgetEarlierLives();
      const bundle = container.labels[labels.bundle] ?? '';
      const said = answers.get(bundle) ?? new Map<string, boolean>();
      answers.set(bundle, said);
      const { [labels.container]: name, [labels.version]: version } = container.labels;
      said.set(`${name}@${version}`, healthy);
    },
    slotSaved: (slot, before) => {
      forgetEarlierLives();
      const { bundleId, update } = slot;
      const held = before?.update;
      if (isProbing(held) && update === null) {
        if (slot.confirmed?.releaseDigest === held.target.releaseDigest && slot.failed === null)
          judge(slot, held);
        return;
      }
      if (!isProbing(update)) return;
      if (!isProbing(held)) {
        runs.set(bundleId, new Map());
        answers.delete(bundleId);
      } else if (update.lastProbeAt !== held.lastProbeAt) {
        const known = runs.get(bundleId) ?? new Map<number | null, Run>();
        runs.set(bundleId, known);
        const run = known.get(held.lastProbeAt) ?? null;
        known.set(update.lastProbeAt, afterRound(run, wentWell(bundleId, update), device().wall()));
        answers.delete(bundleId);
      }
    },
  };
};
