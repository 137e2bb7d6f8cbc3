/**
 * Leaves nothing behind: what the device ran if its operator wished so, then its data, and its keys
 * last, after it has told the cloud with them. Every step may be repeated, so a power cut costs a
 * look. It waits for an engine that does not answer, because nobody would come back to it later.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import type { DetectOptions } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { openCloud } from '../link/cloud.ts';
import { createTokenMint } from '../link/device-token.ts';
import type { Ask } from '../link/http-ask.ts';
import { type Farewell, farewellFile, writeFarewell } from '../store/farewell.ts';
import { readIdentity } from '../store/identity.ts';
import type { AgentLog } from './log.ts';
import { memoryFolder, openSecretFiles } from './secret-files.ts';

export type WipeParts = {
  folder: string;
  detect: DetectOptions;
  /** By whatever way is open. */
  ask: (seed: string) => Ask;
  now: () => number;
  log: AgentLog;
  signal: AbortSignal;
};

const engineRetryMs = 5_000;
const lockFile = 'agent.lock';
const identityFile = 'identity.json';

/** False when it was told to stop before all of it was done; the next start goes on. */
export const wipeDevice = async (parts: WipeParts, farewell: Farewell): Promise<boolean> => {
  const { folder, log, signal } = parts;
  writeFarewell(folder, farewell);
  log('warn', 'This device is wiping itself, as its operator told it to', {
    wipe: farewell.wipe,
  });
  while (farewell.wipe === 'workloads' && !(await removeWorkloads(parts, farewell))) {
    await sleep(engineRetryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
  }
  clearFolder(folder, new Set([farewellFile, lockFile, identityFile]));
  await tellCloud(parts, farewell);
  // Before it is said to be done, and durable with the saying: nobody looks for a key after that.
  rmSync(join(folder, identityFile), { force: true });
  writeFarewell(folder, { ...farewell, step: 'wiped', images: [] });
  return true;
};

/** What a folder says from which nothing can be started any more. */
export const decommissioned = ({ removal, name, site, at }: Farewell): FleetError =>
  new FleetError(
    'decommissioned',
    `This device (${name} at ${site}) was ${removal} on ${new Date(at).toISOString()}; its keys and data are wiped.`,
    { next: 'Register it afresh: signalbeam-agent register --url https://… --token …' },
  );

/** False when no engine answers. */
const removeWorkloads = async (parts: WipeParts, farewell: Farewell): Promise<boolean> => {
  const { detectEngine } = await import('../containers/detect.ts');
  const detected = await detectEngine(parts.detect);
  if (detected.kind === 'none') return false;
  const { engine } = detected;
  try {
    await removeAll(engine, farewell, parts.log);
    return true;
  } catch (cause) {
    parts.log('warn', 'What this device ran could not all be removed; it is tried again', {
      cause: String(cause),
    });
    return false;
  } finally {
    await engine.close();
  }
};

const removeAll = async (
  engine: Engine,
  { deviceId, images }: Farewell,
  log: AgentLog,
): Promise<void> => {
  for (const { id } of await engine.list(deviceId)) await engine.remove(id, { volumes: true });
  await openSecretFiles(await memoryFolder(), deviceId).keepOnly(() => new Set());
  for (const { name } of await engine.listVolumes(deviceId)) {
    await engine.removeVolume(name, deviceId);
  }
  for (const image of images) {
    const { kind } = await engine.removeImage(image);
    if (kind === 'in-use') log('info', 'An image is used by others and stays', { image });
  }
};

const clearFolder = (folder: string, except: ReadonlySet<string>): void => {
  for (const name of readdirSync(folder)) {
    if (except.has(name) || name.startsWith(lockFile)) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
};

/** Without an answer the operator sees that none came; there is nothing to wait for. */
const tellCloud = async (parts: WipeParts, farewell: Farewell): Promise<void> => {
  const identity = readIdentity(parts.folder);
  if (identity === null) return;
  const signer = signerFromNkeySeed(identity.seed);
  const { deviceId, cloudUrl } = farewell;
  const mint = createTokenMint({ signer, deviceId, now: parts.now });
  try {
    await openCloud({ url: cloudUrl, mint, fetch: parts.ask(identity.seed) }).wiped(deviceId);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    parts.log('warn', 'The cloud could not be told that this device is wiped', { reason });
  }
};
