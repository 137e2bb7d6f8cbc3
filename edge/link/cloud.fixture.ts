/**
 * A real cloud for the agent's system tests: a database of its own, a real hub behind a link that
 * can be cut, the cloud's own process, a tenant that is signed in, and agents as processes.
 */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Child, startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { startHub } from '@signalbeam/launcher/infra/hub';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { copiedDatabase } from '@signalbeam/launcher/rig/database';
import pg from 'pg';

const root = join(import.meta.dirname, '..', '..');
const cloudMain = join(root, 'cloud/main.ts');
const cli = join(root, 'edge/cli.ts');
const password = 'correct horse battery';
const email = 'admin@plant.example';

export type TestCloud = Awaited<ReturnType<typeof startOnce>>;

/** A free port may be taken by a stranger before the server has it: then all of it once more. */
export const startTestCloud: typeof startOnce = async (postgresUrl, more, wanHost) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(postgresUrl, more, wanHost);
    } catch (cause) {
      const taken = cause instanceof Error && cause.message.includes('address already in use');
      if (!taken || attempt === 3) throw cause;
    }
  }
};

/** As the cloud's own command leaves it, which is run once a server for each state of the migrations. */
const migratedDatabase = async (postgresUrl: string) => {
  const sums = await readFile(join(root, 'cloud/platform/migrations/SHA256SUMS'), 'utf8');
  return copiedDatabase(postgresUrl, `agents ${sums}`, async (url) => {
    // The configuration is read whole; of it only the database is used.
    const kek = randomBytes(32).toString('base64');
    const config = { DATABASE_URL: url, NATS_URL: 'nats://127.0.0.1:1', SIGNALBEAM_KEK: kek };
    const env = { PATH: process.env['PATH'] ?? '', ...compileCache(), ...config };
    await promisify(execFile)(process.execPath, [cloudMain, 'migrate'], { env, timeout: 60_000 });
  });
};

/** With `wanHost` devices reach all of the cloud there, on the same ports, and leafs as ever. */
const startOnce = async (
  postgresUrl: string,
  more: Readonly<Record<string, string>> = {},
  wanHost?: string,
) => {
  const dir = mkdtempSync(join(tmpdir(), 'agent-system-'));
  const database = await migratedDatabase(postgresUrl);
  const [hubPort, leafPort, monitorPort, apiPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const wan = await startProxy({
    to: { port: leafPort },
    ...(wanHost === undefined ? {} : { host: wanHost, port: leafPort }),
  });
  const beyond =
    wanHost === undefined
      ? []
      : await Promise.all(
          [hubPort, apiPort].map((port) => startProxy({ to: { port }, host: wanHost, port })),
        );
  const host = wanHost ?? '127.0.0.1';
  const url = `http://127.0.0.1:${apiPort}`;
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    ...compileCache(),
    HOME: dir,
    DATABASE_URL: database.url,
    NATS_URL: `nats://127.0.0.1:${hubPort}`,
    SIGNALBEAM_KEK: randomBytes(32).toString('base64'),
    SIGNALBEAM_BLOB_DIR: join(dir, 'blobs'),
    SIGNALBEAM_LEAF_URL: `nats-leaf://${host}:${wan.port}`,
    SIGNALBEAM_DEVICE_NATS_URL: `nats://${host}:${hubPort}`,
    SIGNALBEAM_PUBLIC_URL: `http://${host}:${apiPort}`,
    SIGNALBEAM_LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    PORT: String(apiPort),
    ...more,
  };
  const command = async (args: string[], input = ''): Promise<string> => {
    const running = promisify(execFile)(process.execPath, [cloudMain, ...args], {
      env,
      timeout: 60_000,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const config = await command([
    ...['hub-config', '--dir', dir, '--port', String(hubPort)],
    ...['--leaf-port', String(leafPort), '--monitor-port', String(monitorPort)],
  ]);
  const openHub = () => startHub({ dir: join(dir, 'hub'), config, port: hubPort, monitorPort });
  let hub = await openHub().catch(async (cause) => {
    for (const each of [wan, ...beyond]) await each.stop();
    await database.drop();
    throw cause;
  });
  const cloud = startChild({
    name: 'cloud',
    command: process.execPath,
    args: [cloudMain],
    env,
    logFile: join(dir, 'cloud.log'),
  });
  await waitUntilReady(
    cloud,
    () =>
      fetch(`${url}/readyz`).then(
        (reply) => reply.ok,
        () => false,
      ),
    60_000,
  );
  await command(
    ['create-tenant', '--name', 'plant', '--admin-email', email, '--password-stdin'],
    `${password}\n`,
  );
  const owner = new pg.Pool({ connectionString: database.url, max: 2 });
  const ask = createAsk(url);
  const signIn = async () => {
    const answer = await ask('POST', '/api/auth/login', { email, password });
    return { token: (answer as { token: string }).token, at: performance.now() };
  };
  let signedIn = await signIn();
  const { token } = signedIn;
  /** Some tests outlive a token, which is good for a quarter of an hour. */
  const tokenNow = async (): Promise<string> => {
    if (performance.now() - signedIn.at > renewAfterMs) signedIn = await signIn();
    return signedIn.token;
  };
  return {
    dir,
    url,
    /** As devices call it. */
    publicUrl: env['SIGNALBEAM_PUBLIC_URL'] ?? '',
    wan,
    /** What else devices reached across the WAN, in bytes: the hub's clients and the API. */
    beyondBytes: (): number =>
      beyond.reduce((sum, each) => sum + each.bytes().up + each.bytes().down, 0),
    /** The hub comes back with nothing it kept: no stream, no bucket, no tenant's account. */
    loseHub: async (): Promise<void> => {
      await hub.stop();
      for (const folder of ['jetstream', 'accounts']) {
        rmSync(join(dir, folder), { recursive: true });
      }
      hub = await openHub();
    },
    /** As a crash of its machine would. */
    killHub: (): Promise<void> => hub.kill(),
    startHub: async ({ withStore }: { withStore: boolean }): Promise<void> => {
      for (const folder of withStore ? [] : ['jetstream', 'accounts']) {
        rmSync(join(dir, folder), { recursive: true });
      }
      hub = await openHub();
    },
    hubUrl: env['NATS_URL'] ?? '',
    owner,
    token,
    ask: async (method: string, path: string, body?: unknown) =>
      ask(method, path, body, await tokenNow()),
    /** An image archive; gives the reference under which bundles name it. */
    upload: async (archive: Uint8Array<ArrayBuffer>): Promise<string> => {
      const reply = await fetch(`${url}/api/artifacts`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
        body: archive,
      });
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
      const { images } = (await reply.json()) as { images: { reference: string }[] };
      return images[0]?.reference ?? '';
    },
    stop: async () => {
      await cloud.stop();
      await hub.stop();
      for (const each of [wan, ...beyond]) await each.stop();
      await owner.end();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const renewAfterMs = 600_000;

const createAsk =
  (url: string) =>
  async (method: string, path: string, body?: unknown, token?: string): Promise<unknown> => {
    const reply = await fetch(new URL(path, url), {
      method,
      headers: {
        // The server closes a connection that rests for seconds, perhaps just when it is used again.
        connection: 'close',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };

/** One command of the agent, run to its end. */
export const agentCommand = async (
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...compileCache(), ...env },
      timeout: 30_000,
    });
    return { code: 0, stdout, stderr };
  } catch (cause) {
    const failed = cause as { code?: number; stdout?: string; stderr?: string };
    return { code: failed.code ?? -1, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
};

export const startAgent = async (options: {
  folder: string;
  name: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** The sources unless another program is named: the bundle as it is shipped. */
  program?: string;
}): Promise<Child & { console: string }> => {
  const port = await freePort();
  const child = startChild({
    name: options.name,
    command: options.program ?? process.execPath,
    args: [
      ...(options.program === undefined ? [cli] : []),
      'run',
      '--state',
      options.folder,
      '--console',
      `127.0.0.1:${port}`,
      ...options.args,
    ],
    env: { PATH: process.env['PATH'] ?? '', ...compileCache(), ...options.env },
    logFile: `${options.folder}.log`,
  });
  await waitUntilReady(child, () => answersTcp(port), 30_000);
  return { ...child, console: `http://127.0.0.1:${port}` };
};

/** Asks until the answer is true; fails with the last answer after the time is up. */
export const eventually = async <T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> => {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > until)
      throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await sleep(100);
  }
};
