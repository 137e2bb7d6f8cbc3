/**
 * Keeps the health of containers with a health check up to date once their version is confirmed.
 * It only observes: an unhealthy container is reported, and its engine's restart policy is left to
 * do its work. Slower than the probes of an update, because it runs for years.
 */
import { labels } from '../core/container.ts';
import { containersOf, type Known } from '../core/known.ts';
import { containersOfRelease } from '../core/plan-images.ts';
import { checkOf } from '../core/probe-verdict.ts';
import type { ContainerReport } from '../core/report.ts';
import { systemTimers } from '../host/timers.ts';
import type { ReconcilerParts } from './parts.ts';
import { probeRound } from './probing.ts';

const roundEveryMs = 30_000;

export type HealthWatch = {
  states: () => ReadonlyMap<string, ContainerReport['health']>;
  /** Learns which containers there are; probes start at the next round. */
  follow(known: Known): void;
  stop(): void;
};

export const createHealthWatch = (parts: ReconcilerParts, changed: () => void): HealthWatch => {
  const states = new Map<string, ContainerReport['health']>();
  const controller = new AbortController();
  let newest: Known | null = null;

  const settled = (known: Known) =>
    known.slots.flatMap((slot) => {
      const release = slot.confirmed && known.releases.get(slot.confirmed.releaseDigest);
      return slot.update === null && slot.confirmed && release
        ? containersOfRelease(known, release, slot.confirmed)
        : [];
    });

  const round = async (): Promise<void> => {
    const engine = parts.engines.current();
    if (engine === null || newest === null) return;
    const checked = settled(newest).filter(({ manifest }) => checkOf(manifest).probe !== null);
    if (checked.length === 0) return;
    const results = await probeRound(parts, engine, checked, controller.signal);
    let news = false;
    for (const [index, result] of results.entries()) {
      const name = checked[index]?.spec.name ?? '';
      news ||= states.get(name) !== result.kind;
      states.set(name, result.kind);
    }
    if (news) changed();
  };

  const { timers = systemTimers } = parts;
  const startRound = (): void => {
    round().catch((error) => parts.log('warn', 'A health round failed', { cause: String(error) }));
  };
  const cancelTimer = timers.every(roundEveryMs, startRound, 'background');

  return {
    states: () => states,
    follow: (known) => {
      newest = known;
      for (const slot of known.slots) {
        if (slot.update !== null) continue;
        const release = slot.confirmed && known.releases.get(slot.confirmed.releaseDigest);
        const checkedNames = new Set(
          (slot.confirmed && release ? containersOfRelease(known, release, slot.confirmed) : [])
            .filter(({ manifest }) => checkOf(manifest).probe !== null)
            .map(({ manifest }) => manifest.name),
        );
        if (checkedNames.size === 0) continue;
        for (const container of containersOf(known, slot.bundleId)) {
          const checked = checkedNames.has(container.labels[labels.container] ?? '');
          // Just confirmed means just probed: healthy until a round says otherwise.
          if (checked && !states.has(container.name)) {
            states.set(container.name, container.state === 'running' ? 'healthy' : 'unhealthy');
          }
        }
      }
    },
    stop: () => {
      cancelTimer();
      controller.abort();
    },
  };
};
