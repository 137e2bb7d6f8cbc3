/**
 * A cloud in a folder and a device beside it, for tests that run the agent's own process against
 * a real engine: keys, signed releases and desired states, images made on the spot, and the
 * process started, killed and started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { type BuiltImage, buildImageTar } from '@signalbeam/launcher/rig/image';
import type { Release } from '@signalbeam/sync/core/manifest';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { containersSchema } from '@signalbeam/sync/wire/manifest';
import { payloadTypes, releaseDigestOf } from '@signalbeam/sync/wire/records';
import type { Engine } from '../containers/engine.ts';
import { labels } from '../core/container.ts';
import type { ProcessOptions } from './agent-process.fixture.ts';

const main = join(import.meta.dirname, 'agent-process.fixture.ts');

export type Published = { version: string; releaseDigest: string };

export type Site = Awaited<ReturnType<typeof createSite>>;

/** An image that says its version and, if it is well, listens on port 8080. */
const imageOf = (version: string, well: boolean, run: string): BuiltImage =>
  buildImageTar({
    name: 'crash-test',
    tag: version,
    command: well
      ? ['httpd', '-f', '-p', '8080', '-h', '/www']
      : ['sh', '-c', 'echo the sensor is not answering; sleep 3600'],
    // Another run's image must never be this one, or the engine would have it already.
    files: { '/www/index.html': `${version} ${run}` },
    format: 'oci',
  });

export const createSite = async (
  engine: Engine,
  socketPath: string,
  stateDir = mkdtempSync(join(tmpdir(), 'sb-site-')),
) => {
  const scratch = mkdtempSync(join(tmpdir(), 'sb-cloud-'));
  const [tenantId, deviceId, bundleId] = [randomUUID(), randomUUID(), randomUUID()];
  const keys = { director: signerFromSeed(createSeed()), release: signerFromSeed(createSeed()) };
  const publicKeys = (of: { keyId: string; publicKey: string }) => [
    { keyId: of.keyId, publicKey: of.publicKey },
  ];
  const issuedAt = '2026-01-01T00:00:00.000Z';
  const writeKeyset = (version: number): void =>
    writeFileSync(
      join(scratch, 'keyset.json'),
      JSON.stringify({
        tenantId,
        version,
        issuedAt,
        roles: {
          release: publicKeys(keys.release),
          director: publicKeys(keys.director),
          ingest: publicKeys(keys.director),
        },
      }),
    );
  writeKeyset(1);
  const hostPort = await freePort();
  const registryPort = await freePort();
  const save = (digest: string, bytes: Uint8Array) =>
    writeFileSync(join(scratch, digest.replace(':', '-')), bytes);
  let generation = 0;
  let child: ChildProcess | null = null;

  const publish = (version: string, well: boolean): Published => {
    const image = imageOf(version, well, deviceId);
    save(image.manifestDigest, image.manifest);
    save(image.configDigest, image.config);
    save(image.layerDigest, image.layer);
    const reference = `signalbeam.local/crash-test@${image.manifestDigest}`;
    const release: Release = {
      tenantId,
      bundleId,
      bundleName: 'crash test',
      version,
      containers: containersSchema.parse([
        {
          name: 'web',
          image: reference,
          ports: [{ containerPort: 8080, hostPort, hostAddress: '127.0.0.1' }],
          stopGraceMs: 200,
          healthCheck: {
            probe: { kind: 'http', port: 8080, path: '/' },
            intervalMs: 200,
            timeoutMs: 1_000,
            retries: 3,
            startPeriodMs: well ? 5_000 : 500,
            soakMs: 200,
          },
        },
      ]),
      images: [
        {
          reference,
          blobs: [image.manifestDigest, image.configDigest, image.layerDigest].map((digest) => ({
            digest,
            sizeBytes: 1,
            mediaType: 'application/octet-stream',
          })),
        },
      ],
      createdAt: issuedAt,
    };
    const envelope = sealEnvelope(payloadTypes.release, release, [keys.release]);
    const releaseDigest = releaseDigestOf(envelope);
    save(releaseDigest, envelope);
    return { version, releaseDigest };
  };

  const want = (published: Published | null): void => {
    generation += 1;
    const slots =
      published === null
        ? []
        : [
            {
              bundleId,
              bundleName: 'crash test',
              ...published,
              rolloutId: null,
              requestedGeneration: generation,
            },
          ];
    const desired = { tenantId, deviceId, generation, issuedAt, slots };
    writeFileSync(
      join(scratch, 'desired.bin'),
      sealEnvelope(payloadTypes.desired, desired, [keys.director]),
    );
  };

  const holdFile = join(scratch, 'hold-downloads');
  const traceFile = join(scratch, 'trace');
  const witnessFile = join(scratch, 'witness');
  const start = (
    crashAt: ProcessOptions['crashAt'],
    power: { cutPowerOf: string } | null = null,
  ): { exited: Promise<string> } => {
    mkdirSync(stateDir, { recursive: true });
    const blobDir = join(scratch, 'device-blobs');
    const options: ProcessOptions = {
      stateDir,
      cloudDir: scratch,
      blobDir,
      socketPath,
      deviceId,
      tenantId,
      registryPort,
      crashAt,
      traceFile,
      cutPowerOf: power?.cutPowerOf ?? null,
      witnessFile: power === null ? null : witnessFile,
    };
    const started = spawn(process.execPath, [main, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let errors = '';
    started.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4_000);
    });
    return {
      exited: new Promise((resolve) =>
        started.on('exit', (code, signal) => resolve(`${signal ?? code} ${errors}`)),
      ),
    };
  };

  return {
    deviceId,
    hostPort,
    stateDir,
    publish,
    want,
    /** From the agent's next start on the key that signed all versions so far counts no more. */
    withdrawReleaseKey: (): void => {
      keys.release = signerFromSeed(createSeed());
      writeKeyset(2);
    },
    start,
    kill: (): void => {
      child?.kill('SIGKILL');
    },
    /** Every thread of the agent stands still: what it told so far is all it will ever tell. */
    freeze: async (): Promise<void> => {
      const { pid } = child ?? {};
      if (pid === undefined) throw new Error('no agent was started');
      process.kill(pid, 'SIGSTOP');
      await until(
        () => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0],
        (state) => state === 'T',
        `process ${pid} stopped`,
      );
    },
    trace: (): string[] =>
      existsSync(traceFile) ? readFileSync(traceFile, 'utf8').trim().split('\n') : [],
    witnessFile,
    /** The link stays up and brings no image until it is told to. */
    holdDownloads: (): void => writeFileSync(holdFile, ''),
    releaseDownloads: (): void => rmSync(holdFile, { force: true }),
    forgetTrace: (): void => rmSync(traceFile, { force: true }),
    /** Versions whose container runs, as the engine says. */
    running: async (): Promise<string[]> =>
      (await engine.list(deviceId))
        .filter(({ state }) => state === 'running')
        .map((each) => each.labels[labels.version] ?? ''),
    names: async (): Promise<string[]> => (await engine.list(deviceId)).map(({ name }) => name),
    clean: async (): Promise<void> => {
      child?.kill('SIGKILL');
      for (const { id } of await engine.list(deviceId)) await engine.remove(id, { volumes: true });
      rmSync(scratch, { recursive: true, force: true });
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

/** Asks until `holds` or fails with what was seen last. */
export const until = async <T>(
  ask: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  what: string,
  timeoutMs = 30_000,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  let seen: T;
  do {
    seen = await ask();
    if (holds(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  throw new Error(
    `${what} did not come true in ${timeoutMs} ms; last seen ${JSON.stringify(seen)}`,
  );
};
