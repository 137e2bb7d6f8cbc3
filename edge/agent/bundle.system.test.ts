/**
 * The agent as it is shipped, one bundle with its guard beside it, against a real cloud and real
 * engines: it is killed in the middle of a swap. A version runs before any agent is there again, and
 * the next agent brings the new one up. That the bundle does as the sources do is not taken on trust.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { agentProgram, ensureAgent } from '@signalbeam/launcher/machine/agent-build';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import '@signalbeam/launcher/rig/provided';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { labels } from '../core/container.ts';
import { memoryFolder } from '../host/secret-files.ts';
import {
  agentCommand,
  eventually,
  startAgent,
  startTestCloud,
  type TestCloud,
} from '../link/cloud.fixture.ts';

type Kind = 'docker' | 'podman';

let cloud: TestCloud;
beforeAll(async () => {
  await ensureAgent();
  cloud = await startTestCloud(inject('postgresUrl'));
});
afterAll(() => cloud?.stop());

const open = async (kind: Kind): Promise<{ engine: Engine; socketPath: string }> => {
  const socketPath = inject(kind === 'docker' ? 'dockerSocket' : 'podmanSocket');
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
  return { engine: detected.engine, socketPath };
};

const enrol = async (name: string): Promise<{ folder: string; deviceId: string }> => {
  const folder = join(cloud.dir, name);
  const asked = { site: 'plant-7', autoApprove: true };
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', asked)) as {
    token: string;
  };
  const args = ['register', '--url', cloud.url, '--name', name, '--state', folder];
  expect(await agentCommand(args, { SIGNALBEAM_TOKEN: token })).toMatchObject({ code: 0 });
  const enrolment: unknown = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8'));
  return { folder, deviceId: (enrolment as { deviceId: string }).deviceId };
};

/**
 * A bundle whose two versions share a host port, so that one must stop before the other starts. The
 * second has a container more, which waits until the first is healthy.
 */
const publish = async (name: string): Promise<string> => {
  const hostPort = await freePort();
  const { id } = (await cloud.ask('POST', '/api/bundles', { name })) as { id: string };
  for (const version of ['1.0.0', '2.0.0']) {
    const { tar } = buildImageTar({
      name,
      tag: version,
      files: { '/www/index.html': `${name} ${version}` },
      command: ['httpd', '-f', '-p', '8080', '-h', '/www'],
    });
    const uploaded = await fetch(`${cloud.url}/api/artifacts?name=${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/x-tar' },
      body: tar,
    });
    const { images } = (await uploaded.json()) as { images: { reference: string }[] };
    const ports = [{ containerPort: 8080, hostPort, hostAddress: '127.0.0.1' }];
    const image = images[0]?.reference;
    const healthCheck = { probe: { kind: 'http', port: 8080 }, intervalMs: 200, soakMs: 500 };
    const web = { name: 'web', image, ports, stopGraceMs: 200, healthCheck };
    const ticks = 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done';
    const sums = 'printf %s "$TOKEN" | sha256sum; sha256sum < /run/secrets/token';
    const command = ['sh', '-c', `${sums}; ${ticks}`];
    const environment = { PASSWORD: 'never shown' };
    const secretEnvironment = { TOKEN: `${name}-token` };
    const secretFiles = { '/run/secrets/token': `${name}-token` };
    const tool = { name: 'tool', image, command, environment, stopGraceMs: 200 };
    const secret = { secretEnvironment, secretFiles, dependsOn: ['web'] };
    const more = version === '1.0.0' ? [] : [{ ...tool, ...secret }];
    const body = { version, containers: [...more, web] };
    await cloud.ask('POST', `/api/bundles/${id}/versions`, body);
  }
  return id;
};

const rollOut = async (bundleId: string, version: string, deviceId: string) => {
  const asked = { bundleId, version, deviceIds: [deviceId] };
  const { id } = (await cloud.ask('POST', '/api/rollouts', asked)) as { id: string };
  const status = async () =>
    ((await cloud.ask('GET', `/api/rollouts/${id}`)) as { status: string }).status;
  return { succeeds: () => eventually(status, (now) => now === 'succeeded') };
};

const versionsOf = async (engine: Engine, deviceId: string): Promise<string[]> =>
  (await engine.list(deviceId))
    .filter(({ state }) => state === 'running')
    .map((each) => each.labels[labels.version] ?? '');

/** The command lines of the guards that watch over this agent's swaps. */
const guardsOf = (folder: string): string[] => {
  const dir = join(folder, 'guards');
  return (existsSync(dir) ? readdirSync(dir) : []).map((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
  );
};

type Told = { entries?: { at: string; text: string }[]; reason?: string };

/** What the cloud tells of a container's log, until `isEnough`. */
const logOf = async (path: string, isEnough: (told: Told[]) => boolean): Promise<Told[]> => {
  const leave = new AbortController();
  const headers = { authorization: `Bearer ${cloud.token}` };
  const reply = await fetch(`${cloud.url}${path}`, { headers, signal: leave.signal });
  expect(reply.status).toBe(200);
  const told: Told[] = [];
  let rest = '';
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) told.push(JSON.parse(data) as Told);
    }
    if (isEnough(told)) break;
  }
  leave.abort();
  return told;
};
const linesIn = (told: readonly Told[]) => told.flatMap(({ entries = [] }) => entries);

/** From the container through engine, agent, leaf, hub and cloud; and its end is written down. */
const expectLogsLookedAt = async (deviceId: string, bundle: string): Promise<void> => {
  const path = `/api/devices/${deviceId}/logs`;
  const tool = `${path}?container=tool&bundle=${bundle}&tail=3`;
  const live = await logOf(tool, (told) => linesIn(told).length > 12);
  const numbers = linesIn(live).map(({ text }) => Number(/^tick (\d+)$/.exec(text)?.[1]));
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  expect(JSON.stringify(live)).not.toContain('never shown');
  const once = await logOf(`${tool}&follow=false`, () => false);
  expect([linesIn(once).length, once.at(-1)?.reason]).toEqual([3, 'complete']);
  const none = await logOf(`${path}?container=nobody`, () => false);
  expect(none.at(-1)).toMatchObject({ reason: 'container-not-found' });
  const { rows } = await eventually(
    () =>
      cloud.owner.query<{ action: string; after: { reason?: string; lines?: number } }>(
        `SELECT action, after FROM platform.audit_log
          WHERE target = 'device:' || $1 AND action LIKE 'device.logs-%' ORDER BY id`,
        [deviceId],
      ),
    ({ rows }) => rows.length === 6,
  );
  const closed = rows.filter(({ action }) => action === 'device.logs-close');
  expect(closed.map(({ after }) => after.reason)).toEqual([
    ...['closed', 'complete', 'container-not-found'],
  ]);
  expect(closed[0]?.after.lines).toBeGreaterThanOrEqual(numbers.length);
};

const freshValue = (text: string): string => `${text} ${randomUUID()}`;
const digestOf = (value: string): string => createHash('sha256').update(value).digest('hex');

/** The container has the value, and then the one that takes its place; no file of the agent ever does. */
const expectSecretKept = async (
  { folder, deviceId }: { folder: string; deviceId: string },
  bundle: string,
  secret: { id: string; value: string },
): Promise<void> => {
  const has = async (): Promise<string[]> => {
    const path = `/api/devices/${deviceId}/logs?container=tool&bundle=${bundle}`;
    const told = await logOf(`${path}&tail=1000&follow=false`, () => false);
    return linesIn(told).map(({ text }) => text.split(' ')[0] ?? '');
  };
  /** As a variable, and as a file. */
  const twice = (lines: readonly string[], value: string): boolean =>
    lines.filter((line) => line === digestOf(value)).length === 2;
  expect(twice(await has(), secret.value)).toBe(true);
  const next = freshValue('rotated');
  await cloud.ask('PUT', `/api/secrets/${secret.id}`, { value: next });
  await eventually(has, (lines) => twice(lines, next));
  // The former container's file is gone with it, and the present one's lies in memory.
  const memory = join((await memoryFolder()) ?? '', deviceId);
  const [place = ''] = await eventually(
    async () => readdirSync(memory),
    ({ length }) => length === 1,
  );
  expect(readFileSync(join(memory, place, '0'), 'utf8')).toBe(next);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(files.some((file) => file.endsWith('state.db'))).toBe(true);
  const clear = [secret.value, next].map((value) => Buffer.from(value));
  for (const file of files) {
    const bytes = readFileSync(file);
    expect(
      clear.some((value) => bytes.includes(value)),
      file,
    ).toBe(false);
  }
};

/** The guard is tried on both in every run (`guard.system.test.ts`); the full run kills the bundle on both. */
const kinds: readonly Kind[] =
  process.env['SIGNALBEAM_FULL'] === '1' ? ['docker', 'podman'] : ['docker'];

describe.each<Kind>(kinds)('on %s, the bundled agent', (kind) => {
  it('killed in the middle of a swap leaves a version running, and its next start finishes', async () => {
    const { engine, socketPath } = await open(kind);
    const { folder, deviceId } = await enrol(`bundle-${kind}`);
    const leaf = ['--gateway', '--leaf-listen', `127.0.0.1:${await freePort()}`];
    const start = () =>
      startAgent({
        folder,
        name: `bundle-${kind}`,
        program: agentProgram,
        args: [
          ...['--engine', kind, '--engine-socket', socketPath, ...leaf],
          '--heartbeat-ms',
          '1000',
        ],
      });
    const first = await start();
    const value = freshValue('first');
    const secret = { name: `bundle-${kind}-token`, value };
    const { id } = (await cloud.ask('POST', '/api/secrets', secret)) as { id: string };
    const bundleId = await publish(`bundle-${kind}`);
    await (await rollOut(bundleId, '1.0.0', deviceId)).succeeds();
    expect(await versionsOf(engine, deviceId)).toEqual(['1.0.0']);

    const second = await rollOut(bundleId, '2.0.0', deviceId);
    let guards: string[] = [];
    for await (const { action } of engine.events(deviceId, AbortSignal.timeout(60_000))) {
      if (action !== 'die') continue;
      guards = guardsOf(folder);
      first.kill('SIGKILL');
      break;
    }
    expect(guards).toEqual([expect.stringContaining('dist/guard.cjs')]);
    await eventually(
      () => versionsOf(engine, deviceId),
      ({ length }) => length === 1,
    );

    const again = await start();
    await second.succeeds();
    expect(await versionsOf(engine, deviceId)).toEqual(['2.0.0', '2.0.0']);
    const inOrder = (await engine.list(deviceId))
      .toSorted((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))
      .map((each) => each.labels[labels.container]);
    expect(inOrder).toEqual(['web', 'tool']);
    await expectLogsLookedAt(deviceId, `bundle-${kind}`);
    await expectSecretKept({ folder, deviceId }, `bundle-${kind}`, { id, value });
    await again.stop();
    rmSync(join((await memoryFolder()) ?? '', deviceId), { recursive: true });
    for (const { id } of await engine.list(deviceId)) await engine.remove(id, { volumes: true });
    await engine.close();
  });
});
