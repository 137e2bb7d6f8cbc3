/**
 * The composition root of `signalbeam-agent run`: opens the folder, waits for approval, then joins
 * engine, artifacts, reconciler, link and the local console. Only here are adapters built. What is
 * not needed to be ready (engine adapters, NATS, the console's pages) is loaded after it.
 */
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { readBootId } from './host/boot.ts';
import { detectionOf } from './host/detection.ts';
import { keepClock } from './host/keep-clock.ts';
import { type AgentLog, openLog } from './host/log.ts';
import type { RunOptions } from './host/options.ts';
import type { StartParts } from './host/parts.ts';
import { askAnyWay } from './host/relay.ts';
import { clearRuntime, type Runtime, writeRuntime } from './host/runtime.ts';
import { clockByCommand } from './host/system-clock.ts';
import type { Believing } from './host/trust.ts';
import { agentBuiltAtMs, agentVersion } from './host/version.ts';
import { decommissioned, wipeDevice } from './host/wipe.ts';
import { type ApprovalParts, awaitApproval } from './link/approval.ts';
import { followEnrolment, isOutdated } from './link/follow-enrolment.ts';
import { createAgentView } from './local-api/view.ts';
import { type Registered, readRegistration } from './store/enrolment.ts';
import { type Farewell, readFarewell } from './store/farewell.ts';
import { ensurePrivateFolder } from './store/files.ts';
import { ensureIdentity } from './store/identity.ts';
import { openKnownPeers } from './store/known-peers.ts';
import { lockFolder } from './store/lock.ts';
import { openStores } from './store/stores.ts';

export type RunEnvironment = {
  dockerHost: string | undefined;
  runtimeDirectory: string | undefined;
};

/** Runs until `signal` aborts; resolves when everything is closed and on disk. */
export const runAgent = async (
  options: RunOptions,
  environment: RunEnvironment,
  signal: AbortSignal,
): Promise<void> => {
  const folder = options.state;
  ensurePrivateFolder(folder);
  const [registered, before] = [readRegistration(folder), readFarewell(folder)];
  if (registered === null && before?.step === 'wiped') throw decommissioned(before);
  if (registered === null && before === null) throw notRegistered(folder);
  const lock = lockFolder(folder);
  const now = Date.now;
  const echo = options.quiet ? null : (line: string) => void process.stderr.write(`${line}\n`);
  const log = openLog({ folder, now, echo });
  try {
    const farewell =
      registered === null || before?.step === 'wiping'
        ? before
        : await serve({ options, environment, folder, registered, now, log, signal });
    if (farewell === null) return;
    const peers = options['mesh-peers'];
    const ask = (seed: string) => askAnyWay({ relay: options.relay, others: () => peers, seed });
    const detect = detectionOf(options, environment);
    const isDone = await wipeDevice({ folder, detect, ask, now, log, signal }, farewell);
    if (isDone) throw decommissioned(farewell);
  } finally {
    lock.release();
    log('info', 'Stopped');
  }
};

/** The agent at work, until it is told to stop, or by its operator to leave nothing behind. */
const serve = async (
  given: Pick<StartParts, 'options' | 'environment' | 'folder' | 'now' | 'log'> & {
    registered: Registered;
    signal: AbortSignal;
  },
): Promise<Farewell | null> => {
  const { options, folder, registered, now, log, signal } = given;
  const identity = ensureIdentity(folder);
  const signer = signerFromNkeySeed(identity.seed);
  const stores = openStores({ folder, now });
  const bootId = readBootId();
  const command = options['set-clock'];
  const clock = keepClock({
    ...{ builtAtMs: agentBuiltAtMs, now, log },
    clock: command === null ? null : clockByCommand(command),
    appendEvent: stores.outbox.appendEvent,
  });
  const view = createAgentView({
    ...{ registered, outbox: stores.outbox, bootId, now },
    clock: clock.said,
  });
  const closers: (() => Promise<void> | void)[] = [clock.stop];
  try {
    stores.outbox.appendEvent(event('agent-started', `The agent ${agentVersion} started.`));
    const runtime: Runtime = { pid: process.pid, url: null, startedAt: now() };
    if (options.console !== null) {
      const { startLocalApi } = await import('./local-api/server.ts');
      const local = await startLocalApi({
        listen: options.console,
        folder,
        view,
        log,
        now,
        consoleDir: options['console-dir'],
        hosts: options['console-host'],
      });
      closers.push(local.stop);
      runtime.url = local.url;
    }
    writeRuntime(folder, runtime);
    log('info', 'Ready', { console: options.console, pid: process.pid });
    const others = () => [...openKnownPeers(stores.state).all(), ...options['mesh-peers']];
    const asking = {
      ...{ folder, registered, signer, now, log, signal },
      random: Math.random,
      onChange: view.registrationChanged,
      fetch: askAnyWay({ relay: options.relay, others, seed: identity.seed }),
    };
    // Before the first TLS handshake: without a clock no certificate holds.
    await clock.look();
    let approved = await awaitApproval(asking);
    while (approved !== null && !signal.aborted) {
      const here = { ...given, identity, signer, stores, bootId, view, clock, approved };
      const enrolled = await startEnrolled(asking, here);
      closers.push(enrolled.stop);
      const next = await Promise.race([enrolled.next, enrolled.removed, aborted(signal)]);
      if (next !== undefined && 'wipe' in next) return next;
      if (next === undefined) break;
      // All of it is built anew for the other site; what runs, and what waits to be sent, stays.
      approved = next;
      closers.pop();
      await quietly(log, enrolled.stop);
    }
    const stopping = 'The agent was asked to stop. Containers run on.';
    stores.outbox.appendEvent(event('agent-stopping', stopping));
    return null;
  } finally {
    for (const close of closers.reverse()) await quietly(log, close);
    clearRuntime(folder);
    stores.close();
  }
};

/** The working agent under one enrolment, and whatever follows it: another one, or its end. */
const startEnrolled = async (asking: ApprovalParts, given: Omit<StartParts, 'doubt'>) => {
  let trust: Believing | null = null;
  const follower = followEnrolment({
    ...asking,
    known: given.approved,
    believer: {
      rootVersion: () => trust?.trust().root.version ?? 0,
      judge: (...answer) => trust?.judgeEnrolment(...answer) ?? notYet,
      hear: (farewell) => trust?.hear(farewell),
    },
  });
  follower.doubt('outdated', isOutdated(given.approved));
  const { startParts } = await import('./host/parts.ts');
  const parts = await startParts({ ...given, doubt: follower.doubt });
  trust = parts.trust;
  const leaving = Promise.withResolvers<Farewell>();
  const look = (): void => {
    const removed = parts.trust.removed();
    if (removed === null || removed.wipe === null) return;
    const { cloudUrl, deviceId, name, site } = given.approved;
    const { removal, wipe, at } = removed;
    const images = parts.images();
    const whose = { cloudUrl, deviceId, name, site };
    leaving.resolve({ version: 1, step: 'wiping', removal, wipe, at, images, ...whose });
  };
  parts.trust.onChange((name) => {
    if (name === 'tenant/revocation') look();
  });
  look();
  return {
    next: follower.next,
    removed: leaving.promise,
    stop: async (): Promise<void> => {
      follower.stop();
      await parts.stop();
    },
  };
};

const notYet = { kind: 'refused', reason: 'what is believed is not open yet' } as const;

const event = (type: 'agent-started' | 'agent-stopping', message: string) =>
  ({ type, severity: 'info', message, data: { version: agentVersion } }) as const;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** One part that can't close must not keep the others open. */
const quietly = async (log: AgentLog, close: () => Promise<void> | void): Promise<void> => {
  try {
    await close();
  } catch (cause) {
    log('warn', 'A part did not close', { cause: String(cause) });
  }
};

const notRegistered = (folder: string): FleetError =>
  new FleetError(
    'not-registered',
    `This device is not registered (nothing in ${join(folder, 'enrolment.json')}).`,
    {
      next: 'Run signalbeam-agent register --url https://… --token … first.',
    },
  );
