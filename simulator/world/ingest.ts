/**
 * A replica of ingest: takes deliveries, opens frames, judges them against locked positions with the
 * processor's own `core/`, commits, and only then acknowledges. Its shell is a model; every decision
 * in it (senders, lines, positions, credit, patience with early frames) is the real one.
 */

import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import type { extendChain } from '@signalbeam/sync/wire/chain';
import type { GapLine } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type {
  BatchPositions,
  judgeBatch,
} from '@signalbeam/telemetry-processor/core/batch-positions';
import { walkLines } from '@signalbeam/telemetry-processor/core/lines';
import type { Extent, Position } from '@signalbeam/telemetry-processor/core/position';
import { welcomeLanes } from '@signalbeam/telemetry-processor/core/welcome';
import { acknowledgementsOf } from '@signalbeam/telemetry-processor/ingest/acknowledge';
import type { senderOf } from '@signalbeam/telemetry-processor/ingest/decode';
import type { KnownDevice } from '@signalbeam/telemetry-processor/ingest/directory';
import { createEarlyRule, type EarlyRule } from '@signalbeam/telemetry-processor/ingest/early';
import { laneKeyText } from '@signalbeam/telemetry-processor/ingest/statements';
import type { Kernel } from '../kernel/kernel.ts';
import type { Random } from '../kernel/random.ts';
import type { Broker, Delivery } from './broker.ts';
import { startCalling } from './ingest-call.ts';
import type { Notary } from './notary.ts';
import type { LaneTable, Line, NewestReport, Postgres } from './postgres.ts';

export type IngestWatch = {
  committed(table: LaneTable, fresh: readonly Line[]): void;
  /** A frame of this device passed for one that may be stored. */
  admitted(deviceId: string): void;
};

export type IngestParts = {
  kernel: Kernel;
  broker: Broker;
  postgres: Postgres;
  notary: Notary;
  random: Random;
  devices: ReadonlyMap<string, KnownDevice>;
  numberOf: (deviceId: string) => number;
  watch: IngestWatch;
  /** To the device's subject `ack`, if a way leads there. */
  sendDown: (deviceId: string, what: 'ack', bytes: Uint8Array) => void;
  /** To every device of the site: greetings are answered again. */
  callSite: (withinMs: number) => void;
  /** The decisions under test; planted bugs replace them. */
  judge: typeof judgeBatch;
  sender: typeof senderOf;
  /** What a planted bug leaves out of the transaction. */
  flaws?: { ackBeforeCommit?: boolean; rowLocks?: boolean; swallowFailures?: boolean };
  pressure: { value: number };
  extend: typeof extendChain;
  /** A report was committed, and with it the event that tells of it. */
  reported: (deviceId: string, epoch: string, line: Line) => void;
};

type Taken = {
  delivery: Delivery;
  device: KnownDevice;
  lane: Lane;
  epoch: string;
  key: string;
  extent: Extent;
  lines: Line[];
};

const batchMax = 64;

const open = (parts: IngestParts, delivery: Delivery): Taken | string => {
  const { subject, bytes } = delivery.message;
  const device = parts.sender(subject, parts.devices);
  if ('kind' in device) return device.code;
  const unpacked = parts.notary.unpackFrame(bytes, device.trustedKey);
  if (unpacked.kind === 'refused') return unpacked.code;
  parts.watch.admitted(device.deviceId);
  const { header, lines: texts } = unpacked.frame;
  const { lane, epoch } = header;
  const due = `${device.tenantKey}.${deviceSubjects.lane(lane, device.deviceId)}`;
  if (header.device !== device.deviceId || subject !== due) return 'frame-wrong-subject';
  const lines: Line[] = [];
  const walked = walkLines<GapLine['gap']['reason']>(header, texts, {
    readGap: (text) => ({ kind: 'parsed', value: JSON.parse(text) as GapLine }),
    onGap: (index, { from, to, reason }) =>
      void lines.push({ from, to, text: texts[index] ?? '', gap: reason }),
    onRow: (_index, text, seq) => void lines.push({ from: seq, to: seq, text, gap: null }),
    extend: parts.extend,
  });
  if (walked.kind === 'refused') return walked.reason;
  const { firstSeq, lastSeq, before } = header;
  const { ends, hashes } = walked;
  const key = laneKeyText({ deviceId: device.deviceId, lane, epoch });
  return {
    delivery,
    device,
    lane,
    epoch,
    key,
    lines,
    extent: { firstSeq, lastSeq, before, ends, hashes },
  };
};

export type Replica = {
  start(): void;
  /** It dies; what it held is handed out again by the broker. */
  kill(): void;
  pauseUntil(at: number): void;
  running(): boolean;
  /** A greeting came to it that it could not answer. */
  unanswered(): void;
};

export const createReplica = (parts: IngestParts): Replica => {
  const { kernel, broker } = parts;
  let life = 0;
  let running = false;
  let pausedUntil = 0;
  const start = (): void => {
    if (running) return;
    running = true;
    life += 1;
    const since = life;
    const rule = createEarlyRule(kernel.now);
    let queue: Delivery[] = [];
    let busy = false;
    const alive = (): boolean => life === since && running;
    const next = (): void => {
      if (!alive() || busy || queue.length === 0) return;
      busy = true;
      const waitMs = Math.max(1, pausedUntil - kernel.now());
      kernel.later(waitMs, () => {
        if (!alive()) return;
        const deliveries = queue.slice(0, batchMax);
        queue = queue.slice(batchMax);
        storeBatch(parts, deliveries, { alive, rule, pausedUntil: () => pausedUntil }, () => {
          busy = false;
          next();
        });
      });
    };
    const consumer = (delivery: Delivery): void => {
      queue.push(delivery);
      next();
    };
    broker.consumers.add(consumer);
    stop = () => broker.consumers.delete(consumer);
    unanswered = startCalling(parts, alive);
    unanswered();
  };
  let stop = (): unknown => undefined;
  let unanswered = (): void => undefined;
  return {
    start,
    kill: () => {
      running = false;
      stop();
    },
    pauseUntil: (at) => {
      pausedUntil = at;
    },
    running: () => running,
    unanswered: () => unanswered(),
  };
};

type Life = { alive: () => boolean; rule: EarlyRule; pausedUntil: () => number };

const storeBatch = (
  parts: IngestParts,
  deliveries: readonly Delivery[],
  life: Life,
  done: () => void,
): void => {
  const { kernel } = parts;
  const taken: Taken[] = [];
  for (const delivery of deliveries) {
    const opened = open(parts, delivery);
    if (typeof opened === 'string') {
      kernel.trace.note('frame refused', 0, delivery.message.seq);
      delivery.ack();
    } else taken.push(opened);
  }
  if (taken.length > 0) storeTaken(parts, taken, life, done);
  else done();
};

/** Tries until it is committed, each time from positions locked anew. */
const storeTaken = (
  parts: IngestParts,
  taken: readonly Taken[],
  life: Life,
  done: () => void,
): void => {
  const { kernel, postgres, random } = parts;
  const keys = [...new Set(taken.map(({ key }) => key))].sort();
  const attempt = (tries: number): void => {
    const again = (release: () => void): void => {
      release();
      kernel.later(Math.min(5_000, 100 * 2 ** tries) * random.between(0.5, 1), () => {
        if (life.alive()) attempt(tries + 1);
      });
    };
    const begin = (release: () => void): void => {
      const watermarks = new Map<string, Position>(
        keys.map((key) => [key, { upTo: 0, hash: chainStart, ...positionOf(postgres, key) }]),
      );
      const judged = parts.judge(taken, watermarks);
      const restoresBefore = postgres.restores;
      if (parts.flaws?.ackBeforeCommit) acknowledge(parts, taken, judged);
      const commitMs = Math.max(random.between(3, 25), life.pausedUntil() - kernel.now());
      kernel.later(commitMs, () => {
        if (!life.alive() || postgres.down || postgres.restores !== restoresBefore)
          return life.alive() ? again(release) : release();
        if (postgres.failing.commits > 0) {
          postgres.failing.commits -= 1;
          if (postgres.failing.doneAnyway) write(parts, taken, judged);
          if (!parts.flaws?.swallowFailures) return again(release);
        } else write(parts, taken, judged);
        release();
        kernel.trace.note('commit', taken.length, keys.length);
        // Between the commit and its acknowledgement a replica may die like anywhere else.
        kernel.later(random.between(0, 2), () => {
          if (!life.alive()) return;
          if (!parts.flaws?.ackBeforeCommit) acknowledge(parts, taken, judged);
          settle(taken, judged, life.rule);
          done();
        });
      });
    };
    if (postgres.down) again(() => undefined);
    else if (parts.flaws?.rowLocks === false) begin(() => undefined);
    else postgres.lock(keys, (release) => (life.alive() ? begin(release) : release()));
  };
  attempt(0);
};

const positionOf = (postgres: Postgres, key: string): Position | undefined => {
  const table = postgres.position(key);
  return table === undefined ? undefined : { upTo: table.upTo, hash: table.hash };
};

/** The table of a lane; its position is made with the first frame that comes, whatever becomes of it. */
const openTable = (
  { postgres, numberOf }: IngestParts,
  { key, device, lane, epoch }: Taken,
): LaneTable => {
  const table = postgres.tables.get(key) ?? {
    device: numberOf(device.deviceId),
    lane,
    epoch,
    opened: 0,
    upTo: 0,
    hash: chainStart,
    lines: [],
    everUpTo: 0,
  };
  if (table.opened === 0) {
    postgres.opened += 1;
    table.opened = postgres.opened;
  }
  postgres.tables.set(key, table);
  return table;
};

const keepNewest = ({ reports }: Postgres, deviceId: string, report: NewestReport): void => {
  const known = reports.get(deviceId);
  const isNewer =
    known === undefined ||
    report.opened > known.opened ||
    (report.opened === known.opened && report.seq > known.seq);
  if (isNewer) reports.set(deviceId, report);
};

const write = (
  parts: IngestParts,
  taken: readonly Taken[],
  { decisions, before }: BatchPositions<Position>,
): void => {
  const { postgres, watch } = parts;
  for (const [index, each] of taken.entries()) {
    const { device, lane, lines } = each;
    const table = openTable(parts, each);
    const decision = decisions[index];
    const at = before[index];
    if (decision?.kind !== 'new' || at === undefined) continue;
    // A gap line that began before the position covers what follows it only.
    const fresh = lines
      .slice(decision.fromLine)
      .map((line) => (line.from > at.upTo ? line : { ...line, from: at.upTo + 1 }));
    table.lines.push(...fresh);
    const report = lane === 'reported' ? fresh.findLast(({ gap }) => gap === null) : undefined;
    if (report !== undefined) {
      const { to: seq, text } = report;
      keepNewest(postgres, device.deviceId, { opened: table.opened, seq, text });
      parts.reported(device.deviceId, each.epoch, report);
    }
    Object.assign(table, decision.position);
    table.everUpTo = Math.max(table.everUpTo, table.upTo);
    watch.committed(table, fresh);
  }
};

const acknowledge = (
  parts: IngestParts,
  taken: readonly Taken[],
  { after }: BatchPositions<Position>,
): void => {
  const standings = [...new Map(taken.map((each) => [each.key, each])).values()].map(
    ({ device, lane, epoch, key }) => ({
      device,
      lane,
      epoch,
      upTo: after.get(key)?.upTo ?? 0,
      hash: after.get(key)?.hash ?? chainStart,
    }),
  );
  for (const { device, lanes } of acknowledgementsOf(standings, parts.pressure.value)) {
    const content = {
      device: device.deviceId,
      serverTime: Math.floor(parts.kernel.now()),
      lanes: lanes.slice(0, 5),
    };
    parts.sendDown(
      device.deviceId,
      'ack',
      parts.notary.sealAcknowledgement(content, device.ingestSigner),
    );
  }
};

const settle = (
  taken: readonly Taken[],
  { decisions }: BatchPositions<Position>,
  rule: EarlyRule,
): void => {
  for (const [index, { delivery }] of taken.entries()) {
    const early = decisions[index]?.kind === 'ahead';
    const waitMs = early ? rule(delivery.message.deliveries) : null;
    if (waitMs === null) delivery.ack();
    else delivery.nak(waitMs);
  }
};

/** As `ingest/greeted-epoch.ts`: the epoch that a device greets from is the one it lives in. */
const takeForLast = (
  { postgres, reported }: IngestParts,
  deviceId: string,
  table: LaneTable | undefined,
): void => {
  if (table === undefined || table.opened === 0) return;
  for (const [key, { opened }] of postgres.tables) {
    if (opened <= table.opened || !key.startsWith(`${deviceId} reported `)) continue;
    postgres.opened += 1;
    table.opened = postgres.opened;
    const said = table.lines.findLast(({ gap }) => gap === null);
    if (said === undefined || !postgres.reports.has(deviceId)) return;
    postgres.reports.set(deviceId, { opened: table.opened, seq: said.to, text: said.text });
    reported(deviceId, table.epoch, said);
    return;
  }
};

/** The answer to a greeting, or null when it is not answered. */
export const answerHello = (
  parts: IngestParts,
  subject: string,
  bytes: Uint8Array,
): Uint8Array | null => {
  const deviceId = subject.slice(subject.lastIndexOf('.') + 1);
  const device = parts.devices.get(deviceId);
  if (device === undefined || parts.postgres.down) return null;
  const hello = parts.notary.openHello(bytes, device.trustedKey);
  if (hello.kind === 'refused' || hello.value.device !== deviceId) return null;
  for (const { lane, epoch } of hello.value.lanes) {
    const key = laneKeyText({ deviceId, lane, epoch });
    if (lane === 'reported') takeForLast(parts, deviceId, parts.postgres.tables.get(key));
  }
  const welcome = {
    device: deviceId,
    nonce: hello.value.nonce,
    serverTime: Math.floor(parts.kernel.now()),
    lanes: welcomeLanes(
      hello.value.lanes,
      (lane, epoch) => positionOf(parts.postgres, laneKeyText({ deviceId, lane, epoch })),
      parts.pressure.value,
    ),
  };
  return parts.notary.sealWelcome(welcome, device.ingestSigner);
};
