/**
 * Vitest's globalSetup of the projects `system` and `browser`. The servers are started once per
 * process, whichever project comes first, and stopped when the last is done; a rig that already
 * runs (SIGNALBEAM_RIG or .signalbeam/rig.json) is used instead and left alone. With
 * SIGNALBEAM_RIG=none a rig is started in any case.
 */
import type { TestProject } from 'vitest/node';
import { type Provided, providedKeys } from './provided.ts';
import { findRunningRig } from './running.ts';
import { startRig } from './servers.ts';

type Shared = { provided: Provided; stop: () => Promise<void> };

/** Each project loads this file anew, so what they share hangs on the process. */
const slot = Symbol.for('signalbeam.rig');
const shared = globalThis as { [slot]?: { users: number; rig: Promise<Shared> } };

const obtain = async (): Promise<Shared> => {
  const named = process.env['SIGNALBEAM_RIG'] ?? '';
  if (named === 'none') return startRig();
  const running = await findRunningRig(named === '' ? undefined : named);
  return running === undefined ? startRig() : { provided: running, stop: async () => undefined };
};

const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  shared[slot] ??= { users: 0, rig: obtain() };
  const current = shared[slot];
  current.users += 1;
  const { provided, stop } = await current.rig;
  for (const key of providedKeys) project.provide(key, provided[key]);
  return async () => {
    current.users -= 1;
    if (current.users > 0) return;
    delete shared[slot];
    await stop();
  };
};

export default setup;
