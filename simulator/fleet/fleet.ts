/**
 * A fleet in one process: its devices come in a few at a time, are there, send samples, take what is
 * wanted of them and confirm it, leave and return. One timer moves them all: an idle device costs its
 * connection and its state, nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { Caps } from '@signalbeam/edge/store/outbox';
import { signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';
import { createRandom, type Random } from '../kernel/random.ts';
import { createEnroller } from './enrol.ts';
import type { FleetIdentity } from './identities.ts';
import { createLinkedDevice, type LinkedDevice } from './linked-device.ts';
import { type Behaviour, comingOf, flapMs, temperOf } from './temper.ts';
import {
  advance,
  emptyWorkload,
  isBusy,
  reportOf,
  takeDesired,
  type Workload,
} from './workload.ts';

export type FleetOptions = Behaviour & {
  url: string;
  beatMs: number;
  sampleEveryMs: number;
  /** See `temperOf`. */
  pace: number;
};

/** What a cut-off device keeps here: an hour, not weeks, so that thousands stay small. */
const caps: Caps = { eventsBytes: 32_768, reportedBytes: 65_536, metricsBytes: 131_072 };
const connectingMax = 16;
const turnMs = 250;

type Member = {
  index: number;
  device: LinkedDevice;
  workload: Workload;
  bootId: string;
  sampleAt: number;
  /** When it comes or goes next; null for who stays. */
  turnAt: number | null;
  turns: number;
  isHere: boolean;
};

const sampleOf = (random: Random, uptimeSeconds: number): MetricsBody => ({
  cpuPercent: Math.round(random.between(2, 60)),
  memoryPercent: Math.round(random.between(30, 70)),
  memoryUsedBytes: 1_073_741_824,
  diskPercent: 41,
  diskUsedBytes: 13_958_643_712,
  networkReceivedBytes: uptimeSeconds * 1_500,
  networkSentBytes: uptimeSeconds * 400,
  loadAverage: Math.round(random.between(1, 20)) / 10,
  temperatureCelsius: Math.round(random.between(40, 60)),
  uptimeSeconds,
});

/** Its own account of itself, into its outbox. */
const report = (member: Member, now: number): void => {
  const { deviceId } = member.device;
  const device = { deviceId, bootId: member.bootId, agentVersion: '0.1.0' };
  member.device.outbox.appendReported(reportOf(device, member.workload, now));
};

/** Moves a device on: its update, its samples, its coming and going. */
const mover = (options: FleetOptions) => {
  const random = createRandom(options.seed, 'samples');
  const startedAt = Date.now();
  return (member: Member, now: number): void => {
    if (isBusy(member.workload)) {
      const moved = advance(member.workload, temperOf(options, member.index, options.pace), now);
      if (moved !== member.workload) {
        member.workload = moved;
        report(member, now);
      }
    }
    if (now >= member.sampleAt) {
      member.sampleAt = now + options.sampleEveryMs;
      const uptimeSeconds = Math.round((now - startedAt) / 1_000);
      member.device.outbox.addMetrics(sampleOf(random, uptimeSeconds), now);
      member.device.outbox.flush();
    }
    if (member.turnAt === null || now < member.turnAt) return;
    member.turns += 1;
    const flaps = comingOf(options, member.index) === 'flaps';
    member.turnAt = flaps ? now + flapMs(options, member.index, member.turns) : null;
    member.isHere = !member.isHere;
    if (member.isHere) member.device.connect();
    else void member.device.leave();
  };
};

export type Fleet = Awaited<ReturnType<typeof startFleet>>;

export const startFleet = async (
  options: FleetOptions,
  identities: readonly FleetIdentity[],
  onJoined: (count: number) => void,
) => {
  const enrol = createEnroller(options.url);
  const random = createRandom(options.seed, 'samples');
  const members: Member[] = [];

  const join = async (identity: FleetIdentity, index: number): Promise<void> => {
    const { deviceId, site, seed } = identity;
    const enrolled = await enrol(identity);
    const bootId = randomUUID();
    const coming = comingOf(options, index);
    const device = createLinkedDevice({
      ...{ deviceId, site, seed, ...enrolled, bootId, caps, beatMs: options.beatMs, hold: false },
      signer: signerFromNkeySeed(seed),
      onDesired: (desired) => {
        const takenAt = Date.now();
        member.workload = takeDesired(member.workload, desired, takenAt);
        report(member, takenAt);
      },
    });
    const now = Date.now();
    const member: Member = {
      ...{ index, device, bootId, workload: emptyWorkload, turns: 0, isHere: true },
      sampleAt: now + random.between(0, options.sampleEveryMs),
      turnAt: coming === 'stays' ? null : now + flapMs(options, index, 0),
    };
    members.push(member);
    device.outbox.appendEvent({
      ...{
        type: 'agent-started',
        severity: 'info',
        message: 'The simulated agent started.',
        data: {},
      },
    });
    device.connect();
  };

  const left = identities.entries();
  const worker = async (): Promise<void> => {
    for (const [index, identity] of left) {
      await join(identity, index);
      onJoined(members.length);
    }
  };
  await Promise.all(Array.from({ length: connectingMax }, worker));

  const moveOn = mover(options);
  const timer = setInterval(() => {
    const now = Date.now();
    for (const member of members) moveOn(member, now);
  }, turnMs);

  return {
    counts: () => ({
      devices: members.length,
      connected: members.filter(({ device }) => device.state() === 'connected').length,
      away: members.filter(({ isHere }) => !isHere).length,
      busy: members.filter(({ workload }) => isBusy(workload)).length,
      failed: members.filter(({ workload }) => workload.slots.some((slot) => slot.failed)).length,
    }),
    stop: async (): Promise<void> => {
      clearInterval(timer);
      await Promise.all(members.map(({ device }) => device.leave()));
    },
  };
};
