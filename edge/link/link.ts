/**
 * The device's link as one thing: the carrier (by whichever way the site has to the cloud), the
 * uplink, the downlink, presence and the watchdog, and what a person is told about them.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { CarrierStatus } from '@signalbeam/sync/nats/carrier';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { steadyMs } from '../host/timers.ts';
import type { Approved } from '../store/enrolment.ts';
import type { Outbox } from '../store/outbox.ts';
import type { TrustStore } from '../store/trust.ts';
import { startAttention } from './attention.ts';
import { type DownlinkParts, startDownlink } from './down.ts';
import { startFollowing } from './follow-records.ts';
import type { Leaf } from './leaf.ts';
import { type LogSessionsParts, startLogSessions } from './log-sessions.ts';
import { createOutageLog } from './outage.ts';
import { startPresence } from './presence.ts';
import { createRoamingCarrier, type RoamingCarrier } from './roaming-carrier.ts';
import { type Log, startUplink } from './up.ts';
import { startWatchdog } from './watchdog.ts';
import { startWays, type Way } from './ways.ts';

export type LinkParts = {
  approved: Pick<Approved, 'deviceId' | 'site'>;
  signer: Signer;
  /** What the device believes: keys for what comes down, and where its records go. */
  trust: Pick<TrustStore, 'trust' | 'keyset' | 'offer' | 'witness' | 'versions'>;
  outbox: Outbox;
  /** Whose logs may be looked at. */
  containers: Pick<LogSessionsParts, 'engine' | 'bundleIdOf'>;
  /** The leaf that runs here at the moment, if one does. */
  leaf: () => Leaf | null;
  device: { agentVersion: string; bootId: string };
  /** Between two heartbeats, and whether samples may wait to go together, while nothing happens. */
  calm: { beatMs: number; hold: boolean };
  /** An update is under way. */
  updating: () => boolean;
  generation: () => number;
  acceptDesired: (envelope: Uint8Array) => { kind: 'accepted' | 'unchanged' | 'refused' };
  now: () => number;
  random: () => number;
  log: Log;
  onChange: () => void;
  /** The cloud answered the greeting: what failed for want of it is worth another try. */
  reached: () => void;
  /** The cloud went back to a backup, and rows of this lane are gone at both ends. */
  forgotten: (lane: Lane) => void;
};

export type Link = ReturnType<typeof startLink>;

/** A poke tells of changes and is repeated; this finds what all of them being lost would hide. */
const compareEveryMs = 10_800_000;
const followEveryMs = 3_600_000;
const probeTimeoutMs = 8_000;

export const startLink = (parts: LinkParts) => {
  const { approved, outbox, now, random, log } = parts;
  const { deviceId, site } = approved;
  const device = { deviceId, site, ...parts.device };
  const carrier = createRoamingCarrier();
  const ways = startWays({ carrier, now, log, onChange: parts.onChange });
  const outages = createOutageLog({ outbox, now, log, onChange: parts.onChange });
  const heard = (): void => watchdog.heard();
  const shared = { carrier, device, generation: parts.generation, now, random, log, heard };
  const watchdog = watchOver(parts, carrier, () => attention.pace().silenceMs);
  const attention = startAttention({
    ...shared,
    onAppended: outbox.onAppended,
    ...{ calm: parts.calm, updating: parts.updating, steady: steadyMs },
    onFaster: () => presence.beatNow(),
    onHurry: () => {
      storeSamples(parts);
      uplink.hurry();
    },
  });
  const presence = startPresence({
    ...shared,
    deviceId,
    intervalMs: () => attention.pace().beatMs,
    state: () => outbox.storeOf('reported').head('reported').lastHash.slice(0, 16),
  });
  const downward = startDownward(parts, shared);
  const uplink = startUplink({
    ...shared,
    outbox,
    holdMs: () => attention.pace().holdMs,
    signer: parts.signer,
    keyset: parts.trust.keyset,
    witnessed: (atMs, keyIds) => parts.trust.witness('ingest', atMs, keyIds),
    greeted: () => {
      // What was poked meanwhile is unknown; a greeting now and then finds nothing new.
      if (outages.ended()) downward.desired.compare();
      presence.beatNow();
      parts.reached();
    },
    lost: () => outages.began(),
    forgotten: parts.forgotten,
  });
  const follow = (status: string): void => {
    if (status === 'connected') {
      // Not after the greeting: the keys that open a welcome may be what is new.
      downward.records.compare();
      uplink.up();
    } else {
      uplink.down();
      outages.began();
    }
    parts.onChange();
  };
  const unfollow = carrier.onStatus(follow);
  const state = () => stateOf(carrier.status(), uplink.phase(), outages.since());
  return {
    /** All ways to the cloud there are now, best first. */
    offer: (offered: readonly Way[]): void => ways.offer(offered),
    via: (): Way['via'] | null => ways.current()?.via ?? null,
    /** What a neighbour may use; null while this device is not linked itself. */
    broker: () => (state() === 'connected' ? (ways.current()?.broker ?? null) : null),
    through: (): string | null => ways.current()?.through ?? null,
    state,
    since: outages.changedAt,
    server: carrier.server,
    waiting: (): string => ways.waiting() || uplink.waiting(),
    acked: uplink.acked,
    /** The gateway's own leaf saw the hub come or go: no need to find out by a failure. */
    hubChanged: (connected: boolean): void => {
      if (carrier.status() === 'connected') follow(connected ? 'connected' : 'cut');
    },
    lastHeartbeatAt: presence.lastAt,
    sampled: attention.sampled,
    stop: async (): Promise<void> => {
      unfollow();
      ways.stop();
      const down = Object.values(downward);
      for (const each of [presence, ...down, watchdog, uplink, attention]) each.stop();
      await carrier.close();
    },
  };
};

const watchOver = ({ leaf, log }: LinkParts, carrier: RoamingCarrier, silenceMs: () => number) =>
  startWatchdog({
    probe: async () => {
      const answer = carrier.request(deviceSubjects.probe(), new Uint8Array(), probeTimeoutMs);
      return (await answer).kind === 'reply';
    },
    connected: () => carrier.status() === 'connected',
    reconnect: carrier.reconnect,
    restartLeaf: () => restartStuck(leaf()),
    now: steadyMs,
    silenceMs,
    log,
  });

/** Those that wait in memory for their commit. */
const storeSamples = ({ outbox, log }: LinkParts): void => {
  try {
    outbox.flush();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    log('error', 'Samples could not be stored; the next commit tries again', { reason });
  }
};

type Shared = Pick<
  DownlinkParts,
  'carrier' | 'device' | 'generation' | 'random' | 'log' | 'heard'
> & {
  now: () => number;
};

/** What comes down: the own desired state, records of site and tenant, and who looks at logs. */
const startDownward = (
  { acceptDesired, trust, signer, containers }: LinkParts,
  shared: Shared,
) => ({
  desired: startDownlink({ ...shared, accept: acceptDesired, compareEveryMs }),
  records: startFollowing({
    ...shared,
    trust: trust.trust,
    versions: trust.versions,
    offer: trust.offer,
    compareEveryMs: followEveryMs,
  }),
  logs: startLogSessions({ ...shared, ...containers, signer, trust }),
});

export type LinkState = 'connected' | 'connecting' | 'offline';

/** Connected means that both ends have greeted each other; a broker alone is not the cloud. */
const stateOf = (
  carrier: CarrierStatus,
  phase: 'down' | 'greeting' | 'open',
  cutSince: number | null,
): LinkState => {
  if (carrier === 'connected' && phase === 'open') return 'connected';
  return cutSince === null ? 'connecting' : 'offline';
};

/** A leaf that says itself that the hub is away is dialling already. */
const restartStuck = async (leaf: Leaf | null): Promise<void> => {
  if (leaf?.state().hubConnected === true) await leaf.restart();
};
