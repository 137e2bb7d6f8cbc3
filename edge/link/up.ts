/**
 * Runs what `sync/outbox` plans: greets, sends frames, takes acknowledgements, forgets what is
 * confirmed. It holds no opinion of its own; everything it hears is verified before it is believed.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { Carrier, CarrierReply } from '@signalbeam/sync/nats/carrier';
import * as core from '@signalbeam/sync/outbox/outbox';
import { planOutbox, type Step } from '@signalbeam/sync/outbox/plan';
import { callSchema } from '@signalbeam/sync/wire/heartbeat';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { RoleKeys } from '@signalbeam/sync/wire/records';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { Timers } from '../core/timers.ts';
import { steadyMs, systemTimers } from '../host/timers.ts';
import type { Outbox } from '../store/outbox.ts';
import { type UplinkCodec, wireCodec } from './codec.ts';
import { createFramePacker } from './frames.ts';
import { createHello } from './greeting.ts';

export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  facts?: Record<string, unknown>,
) => void;

export type UplinkParts = {
  carrier: Carrier;
  outbox: Outbox;
  device: { deviceId: string; site: string; agentVersion: string; bootId: string };
  signer: Signer;
  keyset: () => RoleKeys;
  /** A time that these keys of ingest signed. */
  witnessed?: (atMs: number, keyIds: readonly string[]) => void;
  generation: () => number;
  /** How long samples may wait for others to go with; not at all unless said. */
  holdMs?: () => number;
  now: () => number;
  random: () => number;
  /** Milliseconds that only grow, whatever is done to the clock: what is waited for is measured by it. */
  steady?: () => number;
  timers?: Timers;
  codec?: UplinkCodec;
  log: Log;
  /** Something from beyond the broker: the link works end to end. */
  heard: () => void;
  /** Both ends have compared: everything that waits for the cloud may go. */
  greeted: (serverTime: number) => void;
  /** The broker answers, but nobody beyond it does. */
  lost: () => void;
  /** The cloud no longer has rows of this lane that it had confirmed, and they are gone here too. */
  forgotten: (lane: Lane) => void;
};

const replyTimeoutMs = 10_000;
/** A greeting that got lost while a leaf was still joining holds everything up: ask again sooner. */
const helloTimeoutMs = 5_000;
const callBytesMax = 64;
/** A timer never sleeps longer than this, so a clock that jumps cannot silence a lane. */
const sleepMsMax = 60_000;

/** One uplink while it runs: what it knows, and the timer for what only time changes. */
type Running = UplinkParts & {
  steady: () => number;
  timers: Timers;
  codec: UplinkCodec;
  pack: ReturnType<typeof createFramePacker>;
  known: core.Known;
  cancelTimer: () => void;
  /** What the outbox was told last: whether both ends have greeted each other. */
  open: boolean;
  stopped: boolean;
};

export const startUplink = (parts: UplinkParts) => {
  const { carrier, outbox, device, now, steady = steadyMs } = parts;
  const { timers = systemTimers, codec = wireCodec } = parts;
  const running: Running = {
    ...parts,
    steady,
    timers,
    codec,
    pack: createFramePacker({ deviceId: device.deviceId, signer: parts.signer, codec, now }),
    known: core.startOutbox(outbox.lanes.map((lane) => core.laneProgress(headOf(outbox, lane)))),
    cancelTimer: () => undefined,
    open: false,
    stopped: false,
  };
  const subject = deviceSubjects.down(device.site, device.deviceId, 'ack');
  const unsubscribe = carrier.subscribe(subject, (bytes) => hearAcknowledgement(running, bytes));
  const unhear = carrier.subscribe(deviceSubjects.callSite(device.site), (bytes) =>
    hearCall(running, bytes),
  );
  const unlisten = outbox.onAppended(() => grow(running));
  return {
    up: (): void => {
      running.known = core.linkUp(running.known, running.steady());
      pump(running);
    },
    down: (): void => {
      running.known = core.linkDown(running.known);
      tellOutbox(running);
    },
    /** What was held back goes now. */
    hurry: (): void => {
      running.known = core.hurried(running.known);
      pump(running);
    },
    phase: () => running.known.phase,
    waiting: (): string => planOutbox(running.known, running.steady()).waiting,
    /** Newest row of a lane that is confirmed, also when forgetting it still waits for a commit. */
    acked: (lane: Lane): number =>
      running.known.lanes.find((each) => each.lane === lane)?.acked ?? 0,
    stop: (): void => {
      running.stopped = true;
      running.cancelTimer();
      unsubscribe();
      unhear();
      unlisten();
    },
  };
};

const around = ({ steady, random, outbox }: Running): core.Surroundings => ({
  now: steady(),
  random: random(),
  hashAt: (lane, seq) => outbox.storeOf(lane).hashAt(lane, seq),
});

const take = (running: Running, { known, effects }: core.Change): void => {
  running.known = known;
  for (const effect of effects) running.known = applyEffect(running, running.known, effect);
};

/** Rows written while the link is not open are in no frame; the outbox makes use of that. */
const tellOutbox = (running: Running): void => {
  const open = running.known.phase === 'open';
  if (open === running.open) return;
  running.open = open;
  if (open) void putInOrder(running);
  else running.outbox.linkClosed();
};

const putInOrder = async (running: Running): Promise<void> => {
  const { outbox, log } = running;
  try {
    await outbox.linkOpened();
    // What was taken while the link was away has waited long enough.
    grow(running, 0);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    log('error', 'Samples that waited could not be put in order; they wait on', { reason });
  }
};

/** Takes steps until none is left, then sleeps until time alone brings one. */
const pump = (running: Running): void => {
  if (running.stopped) return;
  running.cancelTimer();
  running.known = core.elapsed(running.known, around(running));
  tellOutbox(running);
  for (;;) {
    const { steps, wakeAt } = planOutbox(running.known, running.steady());
    const step = steps[0];
    if (step === undefined) {
      if (wakeAt === null) return;
      const sleepMs = Math.min(sleepMsMax, Math.max(10, wakeAt - running.steady()));
      running.cancelTimer = running.timers.after(sleepMs, () => pump(running));
      return;
    }
    if (step.kind === 'hello') void greet(running);
    else sendFrame(running, step);
  }
};

const greet = async (running: Running): Promise<void> => {
  const { carrier, device } = running;
  running.known = core.helloSent(running.known, around(running));
  const { helloId } = running.known;
  const { bytes, nonce } = createHello(running);
  const subject = deviceSubjects.hello(device.site, device.deviceId);
  const reply = await carrier.request(subject, bytes, helloTimeoutMs);
  if (running.stopped || running.known.awaited !== helloId) return;
  const welcome = readWelcome(running, reply, nonce);
  if (welcome === null) {
    const unreachable = reply.kind === 'failed' && reply.reason === 'no-responders';
    running.known = core.helloFailed(running.known, { helloId, unreachable }, around(running));
    running.lost();
  } else {
    const answer = { helloId, positions: welcome.lanes };
    const change = core.welcomed(running.known, answer, around(running));
    take(running, change);
    running.heard();
    if (change.known.phase === 'open') running.greeted(welcome.serverTime);
  }
  pump(running);
};

const sendFrame = (running: Running, step: Extract<Step, { kind: 'frame' }>): void => {
  const { carrier, outbox, device, log } = running;
  const upTo = outbox.lastSendable(step.lane);
  const frame = running.pack(outbox.storeOf(step.lane), { ...step, upTo });
  const { lastSeq } = frame;
  running.known = core.frameSent(running.known, { lane: step.lane, lastSeq }, around(running));
  const subject = deviceSubjects.lane(step.lane, device.deviceId);
  void carrier.publishDurable(subject, frame.bytes, replyTimeoutMs).then((receipt) => {
    if (running.stopped) return;
    if (receipt.kind === 'stored') {
      running.known = core.frameReceived(running.known);
      running.heard();
    } else {
      const { reason } = receipt;
      log('info', 'A frame was not taken; it will be sent again', { lane: step.lane, reason });
      const failed = { lane: step.lane, unreachable: reason === 'no-responders' };
      running.known = core.frameFailed(running.known, failed, around(running));
    }
    pump(running);
  });
};

const hearAcknowledgement = (running: Running, bytes: Uint8Array): void => {
  const { device, log, codec } = running;
  const opened = codec.openAcknowledgement(bytes, running.keyset());
  if (opened.kind === 'refused' || opened.value.device !== device.deviceId) {
    const reason = opened.kind === 'refused' ? opened.reason : 'it is for another device';
    log('warn', 'An acknowledgement was refused; nothing was deleted', { reason });
    return;
  }
  running.witnessed?.(opened.value.serverTime, opened.keyIds);
  take(running, core.acknowledged(running.known, opened.value.lanes, around(running)));
  running.heard();
  pump(running);
};

/** Nobody signed it, and nothing is believed for it: it only says when to ask. */
const hearCall = (running: Running, bytes: Uint8Array): void => {
  const heard = parseJson(bytes, callSchema, callBytesMax);
  if (heard.kind === 'refused') {
    running.log('warn', 'A call to greet was not understood', { reason: heard.reason });
    return;
  }
  running.known = core.called(running.known, heard.value.withinMs, around(running));
  pump(running);
};

const grow = (running: Running, holdMs = running.holdMs?.() ?? 0): void => {
  const { outbox, steady } = running;
  for (const lane of outbox.lanes) {
    const holdUntil = lane === 'metrics' && holdMs > 0 ? steady() + holdMs : null;
    running.known = core.grown(running.known, lane, outbox.lastSendable(lane), holdUntil);
  }
  pump(running);
};

export type Uplink = ReturnType<typeof startUplink>;

const headOf = (outbox: Outbox, lane: Lane) => {
  const { epoch, ackedSeq } = outbox.storeOf(lane).head(lane);
  return { lane, epoch, acked: ackedSeq, last: outbox.lastSendable(lane) };
};

const applyEffect = (parts: UplinkParts, known: core.Known, effect: core.Effect): core.Known => {
  const { outbox, now, log } = parts;
  const { lane } = effect;
  switch (effect.kind) {
    case 'confirm':
      outbox.confirm(lane, effect.upTo, effect.hash);
      return known;
    case 'note-loss':
      outbox.settle();
      outbox.storeOf(lane).noteLoss(lane, effect.upTo, effect.hash, now());
      log('warn', 'The cloud lost rows it had confirmed; the gap is recorded', {
        lane,
        upTo: effect.upTo,
      });
      parts.forgotten(lane);
      return core.refreshed(known, headOf(outbox, lane));
    case 'new-epoch': {
      outbox.renumber(lane);
      log('warn', 'A lane began a new epoch', { lane, reason: effect.reason });
      const next = core.refreshed(known, headOf(outbox, lane));
      outbox.appendEvent({
        type: 'new-epoch',
        severity: 'warning',
        message: `The lane "${lane}" began anew because ${effect.reason}. The disk was restored from a copy, or the device was cloned.`,
        data: { lane },
      });
      return next;
    }
  }
};

const readWelcome = (parts: Running, reply: CarrierReply, nonce: string) => {
  if (reply.kind === 'failed') return null;
  const opened = parts.codec.openWelcome(reply.bytes, parts.keyset());
  if (opened.kind === 'refused') {
    parts.log('warn', 'A welcome was refused', { code: opened.code, reason: opened.reason });
    return null;
  }
  if (opened.value.device === parts.device.deviceId && opened.value.nonce === nonce) {
    parts.witnessed?.(opened.value.serverTime, opened.keyIds);
    return opened.value;
  }
  parts.log('warn', 'A welcome was refused', { reason: 'it answers another greeting' });
  return null;
};
