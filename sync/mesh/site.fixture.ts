/**
 * A whole site under virtual time: real cores, real codec, a network that loses, delays, cuts and
 * counts, processes that stall, crash and come back, and records that are fetched. Deterministic
 * under its seed. Claims are signed by a cheap keyed hash; packets are counted with their head.
 */
import { claimSeal, decodeMessage, encodeMessage } from '../wire/mesh-message.ts';
import { hash32 } from './hash.ts';
import type { Mesh, MeshEvent, MeshRoster, MeshStep } from './mesh.ts';
import type { MeshMessage, OwnClaim } from './message.ts';
import { startMesh } from './start.ts';
import { meshStep } from './step.ts';

export const deviceId = (index: number): string =>
  `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
export const addressOf = (index: number): string => `10.0.${index >> 8}.${index & 255}:7946`;

const cheapSignature = (key: string, bytes: Uint8Array): Uint8Array => {
  const hash = hash32(`${key} ${Buffer.from(bytes).toString('latin1')}`);
  const signature = Buffer.alloc(64);
  signature.writeUInt32BE(hash, 0);
  return signature;
};

/** Signs for `key`; verification is by the roster's key, which here is the same word. */
export const cheapSeal = (key: string) =>
  claimSeal(
    (bytes) => cheapSignature(key, bytes),
    (publicKey, bytes, signature) =>
      Buffer.from(cheapSignature(publicKey, bytes)).equals(Buffer.from(signature)),
  );

export const randomOf = (seed: number): (() => number) => {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
};

/** AES packet of a known sender: head 20 and tag 16; one that introduces itself has 12 more. */
const packetBytes = (introduce: boolean): number => (introduce ? 48 : 36);

export const claimOf = (index: number, more: Partial<OwnClaim> = {}): OwnClaim => ({
  name: `device-${index}`,
  addresses: [addressOf(index)],
  peerPort: 7947,
  uplink: 0,
  canRunLeaf: true,
  clockOk: true,
  chosen: false,
  gateway: false,
  leafPort: 0,
  linked: false,
  agentVersion: '0.1.0',
  ...more,
});

type Process = {
  index: number;
  device: string;
  bootId: string;
  address: string;
  mesh: Mesh;
  running: boolean;
  pausedUntil: number;
  records: Map<string, number>;
  wakeVersion: number;
  queue: { from: Process; message: MeshMessage }[];
};

/** A record as its author made it: stands for its signature too. */
const contentOf = (name: string, version: number, bytes: number): Uint8Array =>
  Buffer.from(`${name} ${version} `.padEnd(bytes, '.'));

export type SiteOptions = {
  members: number;
  seed: number;
  loss?: number;
  delayMs?: number;
  /** Of each record. */
  recordBytes?: number | ((name: string) => number);
};
export type Site = ReturnType<typeof createSite>;

export const createSite = (options: SiteOptions) => {
  const { members, seed, loss = 0, delayMs = 1, recordBytes = 40_000 } = options;
  const sizeOf = (name: string): number =>
    typeof recordBytes === 'number' ? recordBytes : recordBytes(name);
  const random = randomOf(seed);
  const roster: MeshRoster = {
    version: 1,
    members: Array.from({ length: members }, (_, index) => ({
      deviceId: deviceId(index),
      publicKey: `key-${index}`,
    })),
  };
  let now = 0;
  let boots = 0;
  let order = 0;
  const heap: { at: number; order: number; run: () => void }[] = [];
  const processes: Process[] = [];
  const byAddress = new Map<string, Process>();
  const changes: { at: number; observer: number; member: string; to: string }[] = [];
  const warnings: { observer: number; code: string; about: string }[] = [];
  const network = {
    loss,
    /** True when what `from` sends does not arrive at `to`. */
    cut: (_from: number, _to: number): boolean => false,
    bytes: 0,
    packets: 0,
    largest: 0,
    /** How long it takes to fetch from a member: a few round trips over TLS. */
    fetchMs: (_holder: number): number => 6 * delayMs + 4,
    /** True when the receiver's program is older than this kind of message. */
    unheard: (_to: number, _kind: MeshMessage['kind']): boolean => false,
    /** Whoever listens in, to what is sent. */
    tap: (_from: number, _bytes: Uint8Array): void => undefined,
    fetches: 0,
    offers: 0,
    /** What members did not take, by what it was; `undecodable` did not get so far. */
    refused: new Map<string, number>(),
    kinds: new Map<string, number>(),
  };

  const before = (a: (typeof heap)[0], b: (typeof heap)[0]): boolean =>
    a.at < b.at || (a.at === b.at && a.order < b.order);
  const push = (at: number, run: () => void): void => {
    order += 1;
    heap.push({ at, order, run });
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const [a, b] = [heap[child], heap[parent]];
      if (a === undefined || b === undefined || !before(a, b)) break;
      heap[child] = b;
      heap[parent] = a;
      child = parent;
    }
  };
  const pop = () => {
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    heap[0] = last;
    let parent = 0;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        const [a, b] = [heap[child], heap[least]];
        if (a !== undefined && b !== undefined && before(a, b)) least = child;
      }
      if (least === parent) return top;
      const held = heap[parent] as (typeof heap)[0];
      heap[parent] = heap[least] as (typeof heap)[0];
      heap[least] = held;
      parent = least;
    }
  };

  const held = (process: Process, name: string): Uint8Array | null => {
    const version = process.records.get(name);
    return version === undefined ? null : contentOf(name, version, sizeOf(name));
  };
  const surroundings = (process: Process) => ({
    now,
    random,
    seal: cheapSeal(`key-${process.index}`),
    contentOf: (name: string) => held(process, name),
  });

  const tell = (process: Process, event: MeshEvent): void => {
    if (!process.running || process.pausedUntil > now) return;
    const { steps, wakeAt } = meshStep(process.mesh, event, surroundings(process));
    process.wakeVersion += 1;
    const version = process.wakeVersion;
    push(Math.max(now, wakeAt), () => {
      if (process.wakeVersion === version) tell(process, { kind: 'tick' });
    });
    for (const step of steps) run(process, step);
  };

  /** `bytes` go through the codec, as on the wire. */
  const deliver = (from: Process, to: Process, message: MeshMessage): void => {
    if (!to.running) return;
    if (to.pausedUntil > now) {
      if (to.queue.length < 500) to.queue.push({ from, message });
      return;
    }
    tell(to, {
      kind: 'heard',
      from: from.device,
      address: from.address,
      bootId: from.bootId,
      message,
    });
  };

  const send = (from: Process, to: string, message: MeshMessage, introduce: boolean): void => {
    const bytes = encodeMessage(message);
    const size = bytes.byteLength + packetBytes(introduce);
    network.bytes += size;
    network.packets += 1;
    network.tap(from.index, bytes);
    network.kinds.set(message.kind, (network.kinds.get(message.kind) ?? 0) + size);
    network.largest = Math.max(network.largest, size);
    const target = byAddress.get(to);
    if (target === undefined || network.cut(from.index, target.index)) return;
    if (random() < network.loss || network.unheard(target.index, message.kind)) return;
    const decoded = decodeMessage(bytes);
    if (decoded === null) throw new Error('the codec refused what it made');
    push(now + delayMs * (0.5 + random()), () => deliver(from, target, decoded));
  };

  const refuse = (what: string): void => {
    network.refused.set(what, (network.refused.get(what) ?? 0) + 1);
  };
  /** Whatever bytes somebody with the site key puts into a packet of its own. */
  const sendBytes = (from: Process, to: Process, bytes: Uint8Array): void => {
    const message = decodeMessage(bytes);
    if (message === null) refuse('undecodable');
    else push(now + delayMs, () => deliver(from, to, message));
  };

  const fetchRecords = (process: Process, from: string, names: readonly string[]): void => {
    network.fetches += 1;
    const holder = processes.find((other) => other.device === from && other.running);
    push(now + network.fetchMs(holder?.index ?? 0), () => {
      const cut =
        holder === undefined ||
        holder.pausedUntil > now ||
        network.cut(process.index, holder.index) ||
        network.cut(holder.index, process.index);
      if (!cut) {
        for (const name of names) {
          const version = holder.records.get(name) ?? 0;
          if (version > (process.records.get(name) ?? 0)) process.records.set(name, version);
        }
        tell(process, { kind: 'records', versions: process.records });
      }
      tell(process, { kind: 'fetch-ended', from });
    });
  };

  const offer = (
    process: Process,
    { from, name, version, bytes }: Extract<MeshStep, { kind: 'offer-record' }>,
  ): void => {
    network.offers += 1;
    if (Buffer.from(bytes).equals(contentOf(name, version, sizeOf(name)))) {
      process.records.set(name, version);
      tell(process, { kind: 'records', versions: process.records });
    }
    tell(process, { kind: 'offered', from, name, version });
  };

  const run = (process: Process, step: MeshStep): void => {
    if (step.kind === 'send') send(process, step.to, step.message, step.introduce);
    else if (step.kind === 'offer-record') offer(process, step);
    else if (step.kind === 'fetch-records') fetchRecords(process, step.from, step.names);
    else if (step.kind === 'refused') refuse(step.code);
    else if (step.kind === 'changed') {
      changes.push({ at: now, observer: process.index, member: step.member, to: step.to });
    } else if (step.kind === 'warn') {
      warnings.push({ observer: process.index, code: step.code, about: step.about });
    }
  };

  const start = (
    index: number,
    more: { incarnation?: number; address?: string; claim?: Partial<OwnClaim> } = {},
  ): Process => {
    boots += 1;
    const address = more.address ?? addressOf(index);
    const device = deviceId(index);
    const bootId = hash32(`boot ${seed} ${boots}`).toString(16).padStart(16, '0');
    const claim = claimOf(index, { addresses: [address], ...more.claim });
    const mesh = startMesh({ device, bootId, incarnation: more.incarnation ?? 0, claim }, roster, {
      now,
      random,
      seal: cheapSeal(`key-${index}`),
      contentOf: () => null,
    });
    const process: Process = {
      index,
      device,
      bootId,
      address,
      mesh,
      running: true,
      pausedUntil: 0,
      records: new Map(),
      wakeVersion: 0,
      queue: [],
    };
    processes[index] = process;
    byAddress.set(address, process);
    const hints = [0, 1].map((other) => ({ device: null, address: addressOf(other) }));
    tell(process, { kind: 'records', versions: process.records });
    tell(process, { kind: 'hints', addresses: hints });
    return process;
  };

  const runUntil = (until: number, stop: () => boolean = () => false): void => {
    for (;;) {
      const next = heap[0];
      if (next === undefined || next.at > until) break;
      pop();
      now = Math.max(now, next.at);
      next.run();
      if (stop()) return;
    }
    now = until;
  };

  return {
    network,
    changes,
    warnings,
    roster,
    random,
    process: (index: number): Process => processes[index] as Process,
    processes,
    start,
    startAll: (): void => {
      for (let index = 0; index < members; index += 1) start(index);
    },
    now: () => now,
    runFor: (ms: number, stop?: () => boolean) => runUntil(now + ms, stop),
    at: (ms: number, run: () => void) => push(ms, run),
    tell,
    send,
    sendBytes,
    crash: (index: number): void => {
      (processes[index] as Process).running = false;
    },
    pause: (index: number, ms: number): void => {
      const process = processes[index] as Process;
      process.pausedUntil = now + ms;
      push(now + ms, () => {
        // The timer is overdue and fires first; then come the packets that waited.
        tell(process, { kind: 'tick' });
        for (const { from, message } of process.queue.splice(0)) deliver(from, process, message);
      });
    },
    write: (index: number, name: string, version: number): void => {
      const process = processes[index] as Process;
      process.records.set(name, version);
      tell(process, { kind: 'records', versions: process.records });
    },
    statusOf: (observer: number, member: number): string =>
      (processes[observer] as Process).mesh.members.get(deviceId(member))?.status ?? 'nobody',
    /** Every running member sees exactly the running ones as alive. */
    agrees: (): boolean =>
      processes.every(
        (process) =>
          !process.running ||
          processes.every(
            (other) =>
              other === process ||
              (process.mesh.members.get(other.device)?.status === 'alive') === other.running,
          ),
      ),
    deaths: () => changes.filter(({ to }) => to === 'dead'),
  };
};

/** How long it took, under virtual time. */
export const timeUntil = (site: Site, limitMs: number, stop: () => boolean): number => {
  const start = site.now();
  site.runFor(limitMs, stop);
  if (!stop()) throw new Error(`not within ${limitMs} ms`);
  return site.now() - start;
};

export const allHold = (site: Site, name: string, version: number): boolean =>
  site.processes.every((process) => !process.running || process.records.get(name) === version);
