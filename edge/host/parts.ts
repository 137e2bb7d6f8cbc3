/**
 * The working agent, once it is approved: every adapter built and joined. Part of the composition
 * root, in a file of its own so that an agent that waits for approval loads none of it.
 */
import { join } from 'node:path';
import type { SealedSecret } from '@signalbeam/sync/core/manifest';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { openSecret, type SecretHolder } from '@signalbeam/sync/wire/secret';
import { createGuards } from '../agent/guards.ts';
import { startReconciler } from '../agent/reconciler.ts';
import { createUploads } from '../agent/uploads.ts';
import { httpSource } from '../artifacts/fetch-blob.ts';
import { platformOf } from '../artifacts/oci.ts';
import { startRegistry } from '../artifacts/registry.ts';
import { openBlobStore } from '../artifacts/store.ts';
import { probe } from '../containers/probe.ts';
import { openCloud } from '../link/cloud.ts';
import { createTokenMint } from '../link/device-token.ts';
import type { EnrolmentFollower } from '../link/follow-enrolment.ts';
import { type Link, startLink } from '../link/link.ts';
import type { AgentView } from '../local-api/view.ts';
import type { RunEnvironment } from '../main.ts';
import type { Approved } from '../store/enrolment.ts';
import { readHold } from '../store/hold.ts';
import type { Identity } from '../store/identity.ts';
import { openJournal } from '../store/journal.ts';
import type { Stores } from '../store/stores.ts';
import { openTrustTables } from '../store/trust-tables.ts';
import { followBattery } from './battery.ts';
import { startCompacting } from './compact.ts';
import { detectionOf } from './detection.ts';
import { holdEngine } from './engine-holder.ts';
import { createGrants } from './grants.ts';
import { followHold } from './hold.ts';
import type { KeptClock } from './keep-clock.ts';
import type { AgentLog } from './log.ts';
import { createMetricsSampler } from './metrics.ts';
import type { RunOptions } from './options.ts';
import { defaultIntervalMs, startSampling } from './sampling.ts';
import { memoryFolder, openSecretFiles } from './secret-files.ts';
import { startSite } from './site.ts';
import { type Believing, openTrust } from './trust.ts';
import { describeRemoval } from './trust-news.ts';
import { agentBuiltAtMs, agentVersion } from './version.ts';

export type StartParts = {
  options: RunOptions;
  environment: RunEnvironment;
  folder: string;
  approved: Approved;
  identity: Identity;
  signer: Signer;
  stores: Stores;
  bootId: string;
  view: AgentView;
  now: () => number;
  log: AgentLog;
  clock: KeptClock;
  /** Something speaks against the enrolment this is built on, or no longer does. */
  doubt: EnrolmentFollower['doubt'];
};

export type Parts = {
  /** What the device believes, for judging what it may be given next. */
  trust: Believing;
  /** Images that the agent fetched, as the engine knows them. */
  images(): string[];
  stop(): Promise<void>;
};

const random = Math.random;
/** A slot that waits for something, or failed, is at rest. */
const underWay: ReadonlySet<string> = new Set(['downloading', 'installing', 'verifying']);
const isUpdating = (reported: ReportedBody | null): boolean =>
  reported?.slots.some(({ status }) => underWay.has(status)) ?? false;

/** Who samples faster than usual wants to see samples, not to save bytes. */
const calmOf = (options: RunOptions) => ({
  beatMs: options['heartbeat-ms'],
  hold: options['metrics-interval-ms'] >= defaultIntervalMs,
});

export const startParts = async (parts: StartParts): Promise<Parts> => {
  const { options, folder, approved, stores, view, now, log } = parts;
  let reconciler: Awaited<ReturnType<typeof startWork>> | null = null;
  const engines = startEngines(parts, () => reconciler?.nudge('the engine came or went'));
  const trust = openTrust({
    tables: openTrustTables(stores.state, folder),
    approved,
    builtAtMs: agentBuiltAtMs,
    now,
    log,
    identity: { deviceId: approved.deviceId, nkey: parts.identity.nkey },
    appendEvent: stores.outbox.appendEvent,
    accept: (envelope) => reconciler?.acceptDesired(envelope) ?? { kind: 'refused' },
  });
  await parts.clock.follow(() => timeFloorMs(trust.trust().time));
  const work = await startWork(parts, engines, trust);
  reconciler = work;
  const desired = `device/${approved.deviceId}/desired`;
  const site = await startSite(parts, {
    ...trust,
    take: (name, bytes) =>
      (name === desired ? trust.acceptDesired(bytes) : trust.offer(name, bytes)).kind,
  });
  const look = (): void => {
    const { members, floors } = trust.trust();
    parts.doubt('left', floors.has('site/roster') && !members.has(approved.deviceId));
  };
  trust.onChange((name) => {
    work.nudge('what is trusted changed');
    void parts.clock.look();
    if (name === 'site/roster') look();
  });
  look();
  void engines.look();
  const link = startLink({
    ...{ ...parts, trust, outbox: stores.outbox, leaf: site.leaf },
    containers: whoseLogs(work, engines),
    device: { agentVersion, bootId: parts.bootId },
    calm: calmOf(options),
    updating: () => isUpdating(work.reported()),
    generation: work.generation,
    acceptDesired: trust.acceptDesired,
    random,
    onChange: () => {
      view.linkChanged();
      site.linkChanged();
      doubtByLink(parts, link);
    },
    reached: () => work.nudge('the cloud is reached'),
    forgotten: (lane) => {
      if (lane === 'reported') work.reportAgain();
    },
  });
  doubtByLink(parts, link);
  site.join(link);
  const sampling = startSamplingHost(parts, link);
  const aside = await startAside(parts);
  const unwatch = view.attach({
    reconciler: work,
    engines,
    link,
    leaf: site.leaf,
    site: site.show,
    ...believed(parts, trust),
  });
  return {
    trust,
    images: () => work.journal.ownedImages().map(({ source }) => source),
    stop: async () => {
      unwatch();
      sampling.stop();
      aside.stop();
      work.battery.stop();
      await work.stop();
      await link.stop();
      await work.registry.close();
      await engines.stop();
      await site.stop();
    },
  };
};

const whoseLogs = (
  { reported }: Pick<Awaited<ReturnType<typeof startWork>>, 'reported'>,
  engines: ReturnType<typeof startEngines>,
) => ({
  engine: engines.current,
  bundleIdOf: (name: string) =>
    reported()?.slots.find(({ bundleName }) => bundleName === name)?.bundleId,
});

const startSamplingHost = ({ options, folder, stores, view, now, log }: StartParts, link: Link) =>
  startSampling({
    sampler: createMetricsSampler(folder, now),
    outbox: stores.outbox,
    intervalMs: options['metrics-interval-ms'],
    onSample: (body, at) => {
      view.metrics.add(body, at);
      link.sampled(body);
    },
    now,
    log,
  });

/** What nothing else waits for. */
const startAside = async (parts: StartParts) => {
  const compacting = startCompacting();
  const certificate = parts.options.certificate ? await startCertificate(parts) : null;
  return {
    stop: () => {
      compacting.stop();
      certificate?.stop();
    },
  };
};

const startCertificate = async ({ folder, approved, signer, now, log }: StartParts) => {
  const { keepCertificate } = await import('../link/keep-certificate.ts');
  const { deviceId, tenantId, cloudUrl: url } = approved;
  const cloud = openCloud({ url, mint: createTokenMint({ signer, deviceId, tenantId, now }) });
  return keepCertificate({ folder, deviceId, cloud, now, random, log });
};

/** What the technician is shown of what the device goes by. */
const believed = ({ folder, now, approved, view }: StartParts, trust: Believing) => ({
  grants: createGrants(trust, {
    ...{ tenantId: approved.tenantId, now },
    site: () => view.device().site,
  }),
  hold: () => readHold(folder, now()),
  removed: (): string | null => {
    const how = trust.removed();
    return how === null ? null : describeRemoval(how.removal);
  },
  stale: trust.stale,
  refusedRecords: trust.refused,
});

/** Whoever is linked was let in: then no broker's refusal counts. */
const doubtByLink = ({ doubt }: StartParts, link: Link): void => {
  const connected = link.state() === 'connected';
  doubt('unlinked', !connected);
  if (connected) doubt('refused', false);
};

const secretOpener =
  (holder: SecretHolder & Pick<Identity, 'sealing'>) =>
  (sealed: SealedSecret): string | null => {
    const value = openSecret(sealed, holder);
    return value === null ? null : Buffer.from(value).toString('utf8');
  };

const startEngines = ({ options, environment, stores, log }: StartParts, onChange: () => void) =>
  holdEngine({
    detect: detectionOf(options, environment),
    appendEvent: stores.outbox.appendEvent,
    log,
    onChange,
  });

const startWork = async (
  parts: StartParts,
  engines: ReturnType<typeof holdEngine>,
  trust: Pick<Believing, 'keyset' | 'hold'>,
) => {
  const { options, folder, approved, stores, now, log } = parts;
  const { deviceId, tenantId } = approved;
  const blobs = await openBlobStore({
    dir: join(folder, 'artifacts'),
    floorBytes: options['disk-floor-mb'] * 1024 * 1024,
  });
  const registry = await startRegistry(blobs);
  const mint = createTokenMint({ signer: parts.signer, deviceId, tenantId, now });
  const cloud = openCloud({ url: approved.cloudUrl, mint });
  const journal = openJournal(stores.state);
  const battery = followBattery();
  const reconciler = startReconciler({
    identity: { deviceId, tenantId },
    agentVersion,
    bootId: parts.bootId,
    journal,
    engines,
    guards: createGuards(folder, log),
    uploads: createUploads(blobs, httpSource(cloud.locateBlob), platformOf(process.arch)),
    registryPort: registry.port,
    keyset: trust.keyset,
    openSecret: secretOpener({ deviceId, tenantId, sealing: parts.identity.sealing }),
    secretFiles: openSecretFiles(await memoryFolder(), deviceId),
    fetchRelease: cloud.fetchRelease,
    probe,
    battery: battery.current,
    outbox: stores.outbox,
    hold: followHold({ folder, appendEvent: stores.outbox.appendEvent, now }),
    holdUpdates: () =>
      stores.outbox.eventsFull()
        ? 'Too many events wait to be sent; no new update starts until they are confirmed.'
        : trust.hold(),
    now,
    random,
    log,
  });
  return { ...reconciler, registry, journal, battery };
};
