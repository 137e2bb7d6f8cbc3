/**
 * The guard alone, against real engines: its pipe closes as if the agent had died, at moments that
 * the crash test does not meet.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { labels } from '../core/container.ts';
import type { GuardLine, GuardOrder } from '../guard.ts';
import { createSite, type Site, until } from './site.fixture.ts';

let site: Site | null = null;
let engine: Engine | null = null;
let guard: ChildProcess | null = null;

afterEach(async () => {
  guard?.kill('SIGKILL');
  await site?.clean();
  await engine?.close();
  [site, engine, guard] = [null, null, null];
});

/** A site whose agent has died: its container, and another that was made to take its place. */
const begin = async (kind: 'docker' | 'podman') => {
  const socketPath = inject(kind === 'docker' ? 'dockerSocket' : 'podmanSocket');
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
  engine = detected.engine;
  site = await createSite(engine, socketPath);
  site.want(site.publish('1.0.0', true));
  const { exited } = site.start(null);
  await until(site.trace, (trace) => trace.includes('after confirm-update'), 'version 1.0.0');
  site.kill();
  await exited;
  const [old] = await engine.list(site.deviceId);
  if (old === undefined) throw new Error('nothing runs');
  const image = `signalbeam.local/crash-test@${old.imageDigest}`;
  const next = await engine.create({ ...old, image, name: `${old.name}-next`, ports: [] });
  const order: GuardOrder = {
    socketPath,
    label: { name: labels.device, value: site.deviceId },
    stopped: [old.id],
    next: [next.id],
    prefer: 'stopped',
  };
  return {
    engine,
    deviceId: site.deviceId,
    stateDir: site.stateDir,
    old: old.id,
    next: next.id,
    order,
  };
};

const startGuard = async (dir: string, ...lines: GuardLine[]): Promise<ChildProcess> => {
  const program = join(import.meta.dirname, '../guard.ts');
  guard = spawn(process.execPath, [program, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  for (const line of lines) guard.stdin?.write(`${JSON.stringify(line)}\n`);
  if (guard.stdout !== null) await once(guard.stdout, 'data');
  return guard;
};

const dies = async (of: ChildProcess): Promise<unknown> => {
  const exited = once(of, 'exit');
  of.stdin?.end();
  return (await exited)[0];
};

describe.each(['docker', 'podman'] as const)('on %s, a guard whose agent died', (kind) => {
  const running = async (from: Engine, deviceId: string) =>
    (await from.list(deviceId)).filter(({ state }) => state === 'running').map(({ id }) => id);

  it('starts what was stopped, but only what is ours', async () => {
    const parts = await begin(kind);
    await parts.engine.stop(parts.old, { graceMs: 0 });
    const label = { name: labels.device, value: 'another device' };
    const foreign = await startGuard(parts.stateDir, {
      kind: 'order',
      order: { ...parts.order, label },
    });
    expect(await dies(foreign)).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([]);
    expect(
      await dies(await startGuard(parts.stateDir, { kind: 'order', order: parts.order })),
    ).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([parts.old]);
  });

  it('waits for the end of a stop that outlives the agent', async () => {
    const parts = await begin(kind);
    const own = await startGuard(
      parts.stateDir,
      { kind: 'order', order: parts.order },
      { kind: 'stopping', id: parts.old, graceMs: 2_000 },
    );
    const before = (await parts.engine.list(parts.deviceId)).find(({ id }) => id === parts.old);
    // The dead hear no answer: Podman says of a stop that the start came right after it.
    const stopped = parts.engine.stop(parts.old, { graceMs: 2_000 }).catch(() => undefined);
    expect(await dies(own)).toBe(0);
    await stopped;
    const [after] = (await parts.engine.list(parts.deviceId)).filter(({ id }) => id === parts.old);
    expect(after?.state).toBe('running');
    expect(after?.startedAt).not.toBe(before?.startedAt);
  });

  it('never starts the old when the new runs', async () => {
    const parts = await begin(kind);
    await parts.engine.stop(parts.old, { graceMs: 0 });
    await parts.engine.start(parts.next);
    expect(
      await dies(await startGuard(parts.stateDir, { kind: 'order', order: parts.order })),
    ).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([parts.next]);
  });

  it('starts the confirmed version when a bad one was being taken back', async () => {
    const parts = await begin(kind);
    await parts.engine.stop(parts.old, { graceMs: 0 });
    const order: GuardOrder = { ...parts.order, prefer: 'next' };
    expect(await dies(await startGuard(parts.stateDir, { kind: 'order', order }))).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([parts.next]);
  });

  it('does nothing once it was called off, and outlives a SIGTERM', async () => {
    const parts = await begin(kind);
    await parts.engine.stop(parts.old, { graceMs: 0 });
    const called = await startGuard(parts.stateDir, { kind: 'order', order: parts.order });
    const exited = once(called, 'exit');
    called.stdin?.write(`${JSON.stringify({ kind: 'done' })}\n`);
    expect((await exited)[0]).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([]);
    const lasting = await startGuard(parts.stateDir, { kind: 'order', order: parts.order });
    lasting.kill('SIGTERM');
    expect(await dies(lasting)).toBe(0);
    expect(await running(parts.engine, parts.deviceId)).toEqual([parts.old]);
  });
});
