/**
 * The power goes in the middle of updates, while events and metrics are written: both databases are
 * on a disk of their own (loop-mounted ext4) that drops every page not yet on it. Afterwards all
 * that was said to be committed is there, and the update ends. A seed names the random moments.
 */
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDisk, type Disk } from '@signalbeam/launcher/infra/loop-disk';
import Database from 'better-sqlite3';
import '@signalbeam/launcher/rig/provided';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { type StepKind, stepKinds } from '../core/step.ts';
import { openQueueLanes } from '../store/fresh-lane.ts';
import { openLanes } from '../store/lanes.ts';
import { stateLanes } from '../store/outbox.ts';
import { createSite, type Site, until } from './site.fixture.ts';
import { decisionsIn, readTold } from './witness.fixture.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
const seed = Number(process.env['SIGNALBEAM_SEED'] ?? randomInt(2 ** 31));
const randomCuts = full ? 100 : 3;
/** Only a hang takes so long: a hundred cuts take 13 minutes on two cores that others use too. */
const hangsAfterMs = full ? 3_600_000 : 120_000;

let disk: Disk | null = null;
let site: Site | null = null;
let engine: Engine | null = null;

afterEach(async () => {
  try {
    await site?.clean();
    await engine?.close();
  } finally {
    disk?.remove();
    [site, engine, disk] = [null, null, null];
  }
});

const begin = async (kind: 'docker' | 'podman') => {
  const socketPath = inject(kind === 'docker' ? 'dockerSocket' : 'podmanSocket');
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
  engine = detected.engine;
  disk = createDisk(48);
  const stateDir = join(disk.mountPoint, 'state');
  site = await createSite(engine, socketPath, stateDir);
  const parts = { site, disk, stateDir, power: { cutPowerOf: disk.mountPoint } };
  site.want(site.publish('1.0.0', true));
  const first = site.start(null, parts.power);
  await ends(site, ['1.0.0']);
  site.kill();
  await first.exited;
  return parts;
};

type Parts = Awaited<ReturnType<typeof begin>>;

const ends = (at: Site, versions: string[]) =>
  until(
    async () => [await at.running(), await at.names()] as const,
    ([running, names]) => `${running}` === `${versions}` && names.length === versions.length,
    `${versions} alone`,
    60_000,
  );

const writes = (at: Site) =>
  until(
    () => readTold(at.witnessFile).length,
    (lines) => lines > 0,
    'a first commit',
  );

/** What was told as committed is in the files that the power cut left. */
const nothingIsLost = ({ site: at, stateDir }: Parts): void => {
  const told = readTold(at.witnessFile);
  const [state, queue] = ['state.db', 'queue.db'].map((name) => new Database(join(stateDir, name)));
  if (state === undefined || queue === undefined) throw new Error('no database');
  try {
    for (const file of [state, queue]) {
      expect(file.pragma('quick_check', { simple: true })).toBe('ok');
    }
    const [events, samples] = [openLanes(state, stateLanes), openQueueLanes(queue)];
    for (const row of told.filter((each) => each.what === 'row')) {
      const lanes = row.lane === 'events' ? events : samples;
      expect(lanes.head(row.lane).epoch).toBe(row.epoch);
      const [kept] = lanes.peek(row.lane, row.seq - 1, 1);
      expect(kept, `${row.lane} ${row.epoch} ${row.seq}`).toMatchObject({
        seq: row.seq,
        hash: row.hash,
      });
    }
    const last = told.findLastIndex((each) => each.what === 'committed');
    expect(last).toBeGreaterThanOrEqual(0);
    // The last that was told, or the one that was announced and on its way when the power went.
    const possible = told
      .slice(last)
      .flatMap((each) => (each.what === 'row' ? [] : each.decisions));
    expect(possible).toContainEqual(decisionsIn(state));
  } finally {
    state.close();
    queue.close();
  }
};

const finishes = async (parts: Parts, versions: string[]): Promise<void> => {
  rmSync(parts.site.witnessFile, { force: true });
  const again = parts.site.start(null, parts.power);
  await writes(parts.site);
  await ends(parts.site, versions);
  parts.site.kill();
  await again.exited;
  rmSync(parts.site.witnessFile, { force: true });
  parts.site.forgetTrace();
};

/** From a site on which a version runs: the outcome is another one, or the same when that is bad. */
const asks: Partial<Record<StepKind, 'bad' | 'nothing'>> = {
  'fail-update': 'bad',
  'record-failure': 'bad',
  'forget-slot': 'nothing',
};

describe.each(full ? (['docker', 'podman'] as const) : (['docker'] as const))(
  'on %s, the power cut',
  (kind) => {
    const turning: readonly StepKind[] = ['begin-swap', 'confirm-update'];
    // No update meets drift: the full run of crashes does.
    const steps = (full ? stepKinds : turning).filter((step) => step !== 'retire-container');

    it(
      'at a step loses nothing, and the update ends',
      async () => {
        const parts = await begin(kind);
        let version = '1.0.0';
        for (const [index, step] of steps.entries()) {
          for (const moment of full ? (['before', 'after'] as const) : (['after'] as const)) {
            const wish = asks[step] ?? 'good';
            const next = `2.${index}.${moment === 'before' ? 0 : 1}`;
            if (wish === 'nothing') parts.site.want(null);
            else parts.site.want(parts.site.publish(next, wish === 'good'));
            const crashed = await parts.site.start({ step, moment }, parts.power).exited;
            expect(crashed, `${moment} ${step}: ${parts.site.trace()}`).toMatch(/^SIGKILL/);
            parts.disk.remount();
            nothingIsLost(parts);
            if (wish === 'good') version = next;
            await finishes(parts, wish === 'nothing' ? [] : [version]);
            if (wish !== 'nothing') continue;
            version = `3.${index}.${moment === 'before' ? 0 : 1}`;
            parts.site.want(parts.site.publish(version, true));
            await finishes(parts, [version]);
          }
        }
      },
      hangsAfterMs,
    );

    it(
      `at a random moment loses nothing, and the update ends (seed ${seed})`,
      async () => {
        const parts = await begin(kind);
        const random = mulberry(seed);
        for (let round = 1; round <= randomCuts; round += 1) {
          const version = `2.${round}.0`;
          parts.site.want(parts.site.publish(version, true));
          const running = parts.site.start(null, parts.power);
          await until(
            () => readTold(parts.site.witnessFile).length,
            (lines) => lines > 0,
            'a first commit',
          );
          await sleep(random() * 3_000);
          // A cut stops the processor too. Without this an fsync that is under way when ext4 is shut
          // down may return as if it had been done, and the agent would go on to tell of it.
          await parts.site.freeze();
          parts.disk.cutPower();
          parts.site.kill();
          await running.exited;
          parts.disk.remount();
          nothingIsLost(parts);
          await finishes(parts, [version]);
        }
      },
      hangsAfterMs,
    );
  },
);

it('a database that came back as garbage is set aside, its lanes begin anew, the site runs on', async () => {
  const parts = await begin('docker');
  const epochOf = (name: string, lane: string) => {
    const file = new Database(join(parts.stateDir, name), { readonly: true });
    const epoch = file.prepare('SELECT epoch FROM lanes WHERE lane = ?').pluck().get(lane);
    file.close();
    return epoch;
  };
  for (const [name, lane] of [
    ['state.db', 'events'],
    ['queue.db', 'metrics'],
  ] as const) {
    const before = epochOf(name, lane);
    const garbled = openSync(join(parts.stateDir, name), 'r+');
    writeSync(garbled, Buffer.alloc(8_192, 0xa5), 0, 8_192, 0);
    closeSync(garbled);
    rmSync(join(parts.stateDir, `${name}-wal`), { force: true });
    await finishes(parts, ['1.0.0']);
    const aside = readdirSync(parts.stateDir).filter((each) => each.startsWith(`${name}.damaged-`));
    expect(aside).not.toEqual([]);
    expect(epochOf(name, lane)).not.toBe(before);
  }
});

const mulberry = (from: number) => {
  let a = from >>> 0;
  return (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};
