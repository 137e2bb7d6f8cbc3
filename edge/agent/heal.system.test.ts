/**
 * What was wanted stays in force: a container that somebody kills or removes, at whatever moment,
 * comes back by the engine's events long before the regular look, also while the next version is
 * being downloaded. Every wait here is shorter than the pause between two regular looks.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import '@signalbeam/launcher/rig/provided';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import type { ObservedContainer } from '../core/container.ts';
import { createSite, type Site, until } from './site.fixture.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
const rounds = full ? 40 : 8;
const backWithinMs = 15_000;

let site: Site | null = null;
let engine: Engine | null = null;

afterEach(async () => {
  await site?.clean();
  await engine?.close();
  [site, engine] = [null, null];
});

const begin = async (kind: 'docker' | 'podman') => {
  const socketPath = inject(kind === 'docker' ? 'dockerSocket' : 'podmanSocket');
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
  engine = detected.engine;
  site = await createSite(engine, socketPath);
  site.want(site.publish('1.0.0', true));
  const { exited } = site.start(null);
  await until(site.trace, (trace) => trace.includes('after confirm-update'), 'version 1.0.0');
  return { site, engine, exited };
};

type Harm = (engine: Engine, id: string) => Promise<void>;
const kill: Harm = (at, id) => at.stop(id, { graceMs: 0 });
const remove: Harm = (at, id) => at.remove(id, { volumes: false });

const runningOne = async (at: Site, from: Engine, version: string): Promise<ObservedContainer> => {
  const all = await from.list(at.deviceId);
  const [one] = all.filter(({ labels }) => labels['io.signalbeam.version'] === version);
  if (one === undefined) throw new Error(`nothing of ${version} is there`);
  return one;
};

const comesBack = async (at: Site, from: Engine, harm: Harm): Promise<void> => {
  const { id, startedAt } = await runningOne(at, from, '1.0.0');
  await harm(from, id);
  await until(
    () => from.list(at.deviceId),
    (all) =>
      all.some(
        (each) => each.state === 'running' && (each.id !== id || each.startedAt !== startedAt),
      ),
    `a container that went (${harm.name})`,
    backWithinMs,
  );
};

/** What the agent told of, as it is on its disk. */
const eventsOf = ({ stateDir }: Site): string[] => {
  const state = new Database(join(stateDir, 'state.db'), { readonly: true });
  const lines = state.prepare("SELECT line FROM lane_rows WHERE lane = 'events'").pluck().all();
  state.close();
  return lines.map(
    (line) => (JSON.parse(String(line)) as { body: { message: string } }).body.message,
  );
};

/** Podman's part is for the full run: what it is asked and answers is in its own suite. */
const kinds: readonly ('docker' | 'podman')[] = full ? ['docker', 'podman'] : ['docker'];
describe.each(kinds)('on %s, a container', (kind) => {
  it('that is killed or removed at any moment comes back without the regular look', async () => {
    const parts = await begin(kind);
    for (let round = 0; round < rounds; round += 1) {
      await comesBack(parts.site, parts.engine, round % 2 === 0 ? remove : kill);
      // Sometimes while the agent still looks at what it just did, sometimes long after.
      await sleep(Math.random() * 500);
    }
    expect(await parts.site.names()).toHaveLength(1);
    expect(eventsOf(parts.site)).toContainEqual(
      expect.stringMatching(/^Container web of crash test (was missing|had stopped) and was /),
    );
  });

  it('of the version in force comes back while the next one is downloaded', async () => {
    const parts = await begin(kind);
    parts.site.kill();
    await parts.exited;
    parts.site.forgetTrace();
    parts.site.want(parts.site.publish('2.0.0', true));
    parts.site.holdDownloads();
    parts.site.start(null);
    await until(parts.site.trace, (trace) => trace.at(-1) === 'before fetch-image', 'a download');
    await comesBack(parts.site, parts.engine, kill);
    await comesBack(parts.site, parts.engine, remove);
    expect(parts.site.trace()).not.toContain('after fetch-image');
    parts.site.releaseDownloads();
    await until(
      async () => [await parts.site.running(), await parts.site.names()] as const,
      ([running, names]) => `${running}` === '2.0.0' && names.length === 1,
      'version 2.0.0',
    );
  });
});
