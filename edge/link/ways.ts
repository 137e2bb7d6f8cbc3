/**
 * Runs what `core/way` plans: keeps one connection to the cloud by the best way on offer, tries a
 * better one beside it and changes over when that one stands. A device with a single way keeps
 * dialling it. It knows nothing of what is carried.
 */
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import type { Timers } from '../core/timers.ts';
import {
  doubt,
  planWay,
  type Setback,
  setBack,
  setbackMs,
  type WayKey,
  type WaysKnown,
} from '../core/way.ts';
import { systemTimers } from '../host/timers.ts';
import type { RoamingCarrier } from './roaming-carrier.ts';
import type { Log } from './up.ts';

/** Where a device reaches a broker, as a neighbour that goes through it needs to know. */
export type BrokerWay = {
  kind: 'leaf' | 'hub';
  host: string;
  port: number;
  /** The leaf's own certificate, if it speaks TLS: the neighbour checks its key by the roster. */
  certificate: string | null;
};

export type Way = {
  key: WayKey;
  via: 'leaf' | 'hub' | 'neighbour';
  /** What a person is told it leads through. */
  through: string;
  /** What a neighbour may use of it; null where it leads through a neighbour already. */
  broker: BrokerWay | null;
  /** Starts to dial; closing the carrier ends all that was started for it. */
  open(): Promise<Carrier>;
};

export type Ways = {
  /** All that is on offer now, best first. */
  offer(ways: readonly Way[]): void;
  current(): Omit<Way, 'open'> | null;
  waiting(): string;
  stop(): void;
};

export type WaysParts = {
  carrier: RoamingCarrier;
  now: () => number;
  log: Log;
  onChange: () => void;
  timers?: Timers;
};

type Open = { way: Way; carrier: Carrier; sinceMs: number };
type Trial = { way: Way; carrier: Carrier | null; sinceMs: number; over: boolean };
type Running = WaysParts & {
  timers: Timers;
  setbacks: Map<WayKey, Setback>;
  carried: Set<WayKey>;
  offered: readonly Way[];
  current: Open | null;
  trying: Trial | null;
  waiting: string;
  stopped: boolean;
  cancelWake: () => void;
};

const knownMax = 64;
const wakeMsMin = 20;

export const startWays = (parts: WaysParts): Ways => {
  const running: Running = {
    ...parts,
    timers: parts.timers ?? systemTimers,
    setbacks: new Map(),
    carried: new Set(),
    offered: [],
    current: null,
    trying: null,
    waiting: '',
    stopped: false,
    cancelWake: () => {},
  };
  return {
    offer: (ways) => {
      running.offered = ways;
      plan(running);
    },
    current: () => running.current?.way ?? null,
    waiting: () => running.waiting,
    stop: () => {
      running.stopped = true;
      running.cancelWake();
      giveUp(running, false);
    },
  };
};

const knownTo = ({ offered, current, trying, setbacks, carried }: Running): WaysKnown => ({
  candidates: offered.map(({ key }) => key),
  current:
    current === null
      ? null
      : {
          key: current.way.key,
          connected: current.carrier.status() === 'connected',
          sinceMs: current.sinceMs,
        },
  trying: trying === null ? null : { key: trying.way.key, sinceMs: trying.sinceMs },
  ...{ setbacks, carried },
});

const plan = (running: Running): void => {
  if (running.stopped) return;
  const { now, timers } = running;
  running.cancelWake();
  const planned = planWay(knownTo(running), now());
  running.waiting = planned.waiting;
  for (const step of planned.steps) {
    if (step.kind === 'give-up') giveUp(running, step.setBack);
    else attempt(running, step.key);
  }
  const { wakeAtMs } = planned.steps.length > 0 ? planWay(knownTo(running), now()) : planned;
  if (wakeAtMs === null) return;
  running.cancelWake = timers.after(Math.max(wakeMsMin, wakeAtMs - now()), () => plan(running));
};

const giveUp = (running: Running, andSetBack: boolean): void => {
  const { trying } = running;
  if (trying === null) return;
  if (andSetBack) setBackNow(running, trying.way);
  trying.over = true;
  void trying.carrier?.close();
  running.trying = null;
};

const note = ({ setbacks, now }: Running, { key, via }: Way, as: typeof setBack): void => {
  if (setbacks.size >= knownMax) setbacks.clear();
  const maxMs = via === 'hub' ? setbackMs.wanMax : setbackMs.lanMax;
  setbacks.set(key, as(setbacks.get(key), now(), maxMs));
};

const setBackNow = (running: Running, way: Way): void => {
  const { log } = running;
  const { through } = way;
  note(running, way, setBack);
  log('info', 'A way to the cloud did not open; it is tried again later', { through });
};

const attempt = (running: Running, key: WayKey): void => {
  const way = running.offered.find((each) => each.key === key);
  if (way === undefined) return;
  const trial: Trial = { way, carrier: null, sinceMs: running.now(), over: false };
  running.trying = trial;
  way.open().then(
    (carrier) => opened(running, trial, carrier),
    (cause: unknown) => failed(running, trial, cause),
  );
};

const opened = (running: Running, trial: Trial, carrier: Carrier): void => {
  if (trial.over || running.stopped) return void carrier.close();
  trial.carrier = carrier;
  // With no other to keep, the first one stays and dials for as long as it takes.
  if (running.current === null || carrier.status() === 'connected') {
    adopt(running, trial, carrier);
    return;
  }
  const unfollow = carrier.onStatus((status) => {
    if (trial.over) return unfollow();
    if (status !== 'connected') return;
    unfollow();
    adopt(running, trial, carrier);
  });
};

const failed = (running: Running, trial: Trial, cause: unknown): void => {
  if (trial.over || running.stopped) return;
  const reason = cause instanceof Error ? cause.message : 'unknown';
  running.log('info', 'A way to the cloud can not be taken', {
    through: trial.way.through,
    reason,
  });
  giveUp(running, true);
  plan(running);
};

const stood = ({ carried }: Running, { way, carrier }: Open): void => {
  if (carrier.status() !== 'connected') return;
  if (carried.size >= knownMax) carried.clear();
  carried.add(way.key);
};

const adopt = (running: Running, trial: Trial, carrier: Carrier): void => {
  const { now, log, setbacks, current: before } = running;
  trial.over = true;
  if (before !== null && before.carrier.status() !== 'connected') note(running, before.way, doubt);
  const adopted: Open = { way: trial.way, carrier, sinceMs: now() };
  running.trying = null;
  running.current = adopted;
  setbacks.delete(trial.way.key);
  stood(running, adopted);
  carrier.onStatus(() => {
    if (running.current !== adopted) return;
    adopted.sinceMs = now();
    stood(running, adopted);
    plan(running);
  });
  log('info', 'The way to the cloud', { through: trial.way.through });
  running.carrier.adopt(carrier);
  running.onChange();
  plan(running);
};
