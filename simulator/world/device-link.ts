/**
 * The device's link: uplink, downlink, heartbeat and outage log over one carrier, as
 * `edge/link/link` joins them. At a site with a mesh the carrier roams over all ways there are, and
 * the records of the site and the tenant are followed too.
 */
import type { Reconciler } from '@signalbeam/edge/agent/reconciler';
import { startDownlink } from '@signalbeam/edge/link/down';
import { startFollowing } from '@signalbeam/edge/link/follow-records';
import { createOutageLog } from '@signalbeam/edge/link/outage';
import { startPresence } from '@signalbeam/edge/link/presence';
import { startUplink } from '@signalbeam/edge/link/up';
import type { Outbox } from '@signalbeam/edge/store/outbox';
import type { Process } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import { createCarrier, type SimulatedCarrier } from './carrier.ts';
import type { Device } from './device.ts';
import { startSiteMesh } from './site-mesh.ts';
import { createSiteWays } from './site-ways.ts';

const log = (): void => undefined;

type Work = { life: Process; effect: () => void; bootId: string };

export const startLinkOf = (device: Device, { life, effect, bootId }: Work): void => {
  const { parts, site } = device;
  const { kernel, path, random, bend, mesh } = parts;
  const outbox = device.outbox as Outbox;
  const reconciler = device.reconciler as Reconciler;
  const ways = mesh === null ? null : createSiteWays(device, mesh, life, effect);
  const { exchange } = parts;
  const redialMs = { first: 500, max: 30_000 };
  const dial = (): SimulatedCarrier =>
    createCarrier({ ...{ kernel, path, exchange, random, effect, redialMs }, process: life });
  const carrier = bend.carrier(ways?.carrier ?? dial(), outbox);
  device.carrier = carrier;
  const shared = {
    carrier,
    device: { deviceId: parts.deviceId, site: parts.site, agentVersion: '0.1.0', bootId },
    generation: reconciler.generation,
    now: device.wall,
    random: random.next,
    timers: life.timers,
    steady: kernel.now,
    log,
    heard: () => undefined,
  };
  const outages = createOutageLog({ outbox, ...shared, onChange: () => undefined });
  const presence = startPresence({
    ...shared,
    deviceId: parts.deviceId,
    intervalMs: () => 60_000,
    state: () => outbox.storeOf('reported').head('reported').lastHash.slice(0, 16),
  });
  const downlink = startDownlink({
    ...shared,
    accept: site === null ? reconciler.acceptDesired : site.trust.acceptDesired,
    compareEveryMs: 300_000,
  });
  const following =
    site === null
      ? null
      : startFollowing({ ...shared, ...site.trust, compareEveryMs: followEveryMs });
  const uplink = startUplink({
    ...shared,
    outbox,
    signer: parts.signer,
    keyset: site === null ? () => parts.keyset : site.trust.keyset,
    ...(site === null
      ? {}
      : { witnessed: (atMs, keyIds) => site.trust.witness('ingest', atMs, keyIds) }),
    codec: bend.codec(parts.codec, device),
    greeted: () => {
      outages.ended();
      presence.beatNow();
      downlink.compare();
    },
    lost: () => outages.began(),
    forgotten: (lane) => {
      if (lane === 'reported') reconciler.reportAgain();
    },
  });
  device.uplink = uplink;
  const isLinked = (): boolean => carrier.status() === 'connected' && uplink.phase() === 'open';
  carrier.onStatus((status) => {
    if (status === 'connected') {
      following?.compare();
      uplink.up();
    } else {
      uplink.down();
      outages.began();
    }
  });
  if (mesh === null || site === null || ways === null) return;
  site.broker = () => (isLinked() ? ways.path() : null);
  site.via = () => (isLinked() ? ways.via() : null);
  startSiteMesh(device, mesh, {
    life,
    bootId: meshBootId(random),
    state: site,
    offerWays: ways.offer,
    leafSilent: (holder) => ways.through() === holder && carrier.status() !== 'connected',
  });
};

/** 16 hex digits, new at each start. */
const meshBootId = (random: Random): string =>
  Array.from({ length: 16 }, () => random.int(16).toString(16)).join('');

/** More often than life has it: a poke that was lost must not fill the whole of a short history. */
const followEveryMs = 120_000;
