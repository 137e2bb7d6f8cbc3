/**
 * A device's reconciler as a process of its own, so that tests can kill it at any instruction:
 * the real store, journal, engine, artifacts and probes; only the cloud is a folder. It dies by
 * SIGKILL at the step and moment it is told, or takes the disk's power with it first.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keysetSchema } from '@signalbeam/sync/wire/records';
import type { BlobSource } from '../artifacts/fetch-blob.ts';
import { platformOf } from '../artifacts/oci.ts';
import { startRegistry } from '../artifacts/registry.ts';
import { openBlobStore } from '../artifacts/store.ts';
import { detectEngine } from '../containers/detect.ts';
import { probe } from '../containers/probe.ts';
import { openJournal } from '../store/journal.ts';
import { openStores } from '../store/stores.ts';
import { createGuards } from './guards.ts';
import type { ReconcilerParts } from './parts.ts';
import { startReconciler } from './reconciler.ts';
import { createUploads } from './uploads.ts';
import { startWitness } from './witness.fixture.ts';

export type ProcessOptions = {
  stateDir: string;
  /** Folder with `keyset.json`, `desired.bin`, and releases and blobs by digest. */
  cloudDir: string;
  blobDir: string;
  socketPath: string;
  deviceId: string;
  tenantId: string;
  registryPort: number;
  /** With SIGTERM it is asked to stop there and ends in good order. */
  crashAt: {
    step: string;
    moment: 'before' | 'after';
    signal?: 'SIGKILL' | 'SIGTERM';
  } | null;
  /** Where a disk is mounted that loses its power in the crash; null for a crash of the process alone. */
  cutPowerOf: string | null;
  /** What was committed is told here, on another disk; null to write nothing besides the work itself. */
  witnessFile: string | null;
  /** Every step's name is appended here, so the test knows which were reached. */
  traceFile: string;
};

const log: ReconcilerParts['log'] = (level, message, facts) =>
  void process.stderr.write(`${level} ${message} ${JSON.stringify(facts ?? {})}\n`);

const run = async (options: ProcessOptions): Promise<void> => {
  const now = Date.now;
  const stores = openStores({ folder: options.stateDir, now });
  const { state, outbox } = stores;
  const witness =
    options.witnessFile === null ? null : startWitness(stores, options.witnessFile, now);
  const blobs = await openBlobStore({ dir: options.blobDir, floorBytes: 0 });
  const registry = await startRegistry(blobs, options.registryPort);
  const detected = await detectEngine({ prefer: 'auto', socketPath: options.socketPath });
  if (detected.kind === 'none') throw new Error(JSON.stringify(detected.tried));
  const { engine } = detected;
  const { limits, version } = await engine.describe();
  // A link that is up and brings nothing, for as long as this file is there.
  const held = join(options.cloudDir, 'hold-downloads');
  const cloud: BlobSource = {
    open: async (digest, fromByte) => {
      while (existsSync(held)) await sleep(50);
      return {
        fromByte,
        chunks: createReadStream(join(options.cloudDir, digest.replace(':', '-')), {
          start: fromByte,
        }),
      };
    },
  };
  const keyset = keysetSchema.parse(
    JSON.parse(readFileSync(join(options.cloudDir, 'keyset.json'), 'utf8')),
  );
  const journal = openJournal(state);
  const reconciler = startReconciler({
    identity: options,
    agentVersion: '0.1.0',
    bootId: `${process.pid}`,
    journal: witness?.watch(journal) ?? journal,
    engines: {
      current: () => engine,
      describe: () => ({ kind: engine.kind, version, reachable: true }),
      limits: () => limits,
      lost: () => {},
    },
    guards: createGuards(options.stateDir, log),
    uploads: createUploads(blobs, cloud, platformOf(process.arch)),
    registryPort: registry.port,
    keyset: () => keyset,
    openSecret: () => null,
    fetchRelease: async (digest) => readFileSync(join(options.cloudDir, digest.replace(':', '-'))),
    probe,
    outbox,
    hold: () => null,
    holdUpdates: () => null,
    now,
    random: Math.random,
    log,
    onStep: (step, moment) => {
      appendFileSync(options.traceFile, `${moment} ${step}\n`);
      if (options.crashAt?.step === step && options.crashAt.moment === moment) {
        if (options.cutPowerOf !== null) {
          execFileSync('xfs_io', ['-x', '-c', 'shutdown', options.cutPowerOf]);
        }
        process.kill(process.pid, options.crashAt.signal ?? 'SIGKILL');
      }
    },
  });
  process.on('SIGTERM', () => void reconciler.stop().then(() => process.exit(0)));
  const desired = join(options.cloudDir, 'desired.bin');
  if (existsSync(desired)) reconciler.acceptDesired(readFileSync(desired));
  let said = '';
  setInterval(() => {
    const reported = JSON.stringify(reconciler.reported()?.slots ?? []);
    if (reported !== said) process.stdout.write(`${reported}\n`);
    said = reported;
  }, 20);
};

await run(JSON.parse(process.argv[2] ?? '{}') as ProcessOptions);
