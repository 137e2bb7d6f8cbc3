/**
 * Who of the site is there: every device keeps one connection to every member it knows an address
 * of, over which that member says what it is and, in between, that it still lives. All to all, so
 * it is for small sites: beyond `membersMax` further members are not called. A member is alive
 * while it is heard; who it is was proved, so nothing said here has to be signed or believed twice.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { parseJson } from '@signalbeam/sync/wire/shape';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { DeviceCertificate } from './certificate.ts';
import { type Claim, claimBytesMax, claimSchema } from './claim.ts';
import type { Members } from './members.ts';
import { connectToPeer, type PeerAddress } from './peer-tls.ts';

export type SiteMember = {
  deviceId: string;
  publicKey: string;
  /** `suspect`: its connection broke a moment ago. */
  status: 'alive' | 'suspect' | 'dead';
  /** Where it was heard last. */
  address: PeerAddress;
  claim: Claim;
  since: number;
};

export type RollCall = {
  members(): readonly SiteMember[];
  /** Somebody may be there; whose address it is, is found out by the key. */
  hint(deviceId: string, address: PeerAddress): void;
  serve(peer: { deviceId: string; host: string; query: string }, to: ServerResponse): void;
  /** What this device says of itself may have changed. */
  say(): void;
  counters(): { members: number; lost: number; refused: number };
  stop(): void;
};

export type RollCallParts = {
  members: Members;
  own: DeviceCertificate;
  port: number;
  claim: () => Claim;
  onChange: () => void;
  /** A member was heard at this address. */
  heard: (deviceId: string, address: PeerAddress) => void;
  now: () => number;
  random: () => number;
  timers?: Timers;
};

const membersMax = 32;
const addressesMax = 4;
const aliveMs = 1_500;
const judgeMs = 500;
/**
 * At 25 % loss TCP resends after 0.2, 0.4, … s: six in a row are lost once in 4,000 times, so ten
 * silent seconds mean death. Earlier only with proof: a second connection is tried beside the
 * silent one, and a host that is gone answers no ARP within 3 s, a process that is gone refuses.
 */
const silenceMs = { ask: 2_000, gone: 4_500, dead: 10_000 };
/** A connection that was closed, and can't be made again. */
const brokenMs = 1_500;
const goneCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN']);
const redialMs = { first: 150, max: 10_000 };

type Call = {
  deviceId: string;
  publicKey: string;
  addresses: PeerAddress[];
  socket: TLSSocket | null;
  claim: Claim | null;
  at: PeerAddress | null;
  heardAt: number;
  status: SiteMember['status'];
  since: number;
  failures: number;
  /** A second connection is being tried, and what the last such trial proved. */
  asking: boolean;
  gone: boolean;
  cancel: () => void;
  ended: boolean;
};

type Running = RollCallParts & {
  timers: Timers;
  calls: Map<string, Call>;
  listeners: Map<ServerResponse, string>;
  lost: number;
  refused: number;
  stopped: boolean;
};

export const startRollCall = (parts: RollCallParts): RollCall => {
  const running: Running = {
    ...parts,
    timers: parts.timers ?? systemTimers,
    calls: new Map(),
    listeners: new Map(),
    lost: 0,
    refused: 0,
    stopped: false,
  };
  let said = '';
  const say = (): void => {
    const line = `${JSON.stringify(parts.claim())}\n`;
    if (line === said) return;
    said = line;
    for (const response of running.listeners.keys()) response.write(line);
  };
  const cancelBeat = running.timers.every(aliveMs, () => {
    for (const response of running.listeners.keys()) response.write('\n');
  });
  const cancelJudge = running.timers.every(judgeMs, () => judge(running));
  return {
    members: () =>
      [...running.calls.values()].flatMap(({ deviceId, publicKey, status, at, claim, since }) =>
        at === null || claim === null
          ? []
          : [{ deviceId, publicKey, status, address: at, claim, since }],
      ),
    hint: (deviceId, address) => hint(running, deviceId, address),
    serve: ({ deviceId, host, query }, response) => {
      for (const [other, whose] of running.listeners) if (whose === deviceId) other.end();
      running.listeners.set(response, deviceId);
      response.once('close', () => running.listeners.delete(response));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${JSON.stringify(parts.claim())}\n`);
      const port = Number(new URLSearchParams(query).get('port'));
      if (Number.isInteger(port) && port > 0 && port < 65_536) {
        hint(running, deviceId, { host: host.replace(/^::ffff:/, ''), port });
      }
    },
    say,
    counters: () => ({
      members: running.calls.size,
      lost: running.lost,
      refused: running.refused,
    }),
    stop: () => {
      running.stopped = true;
      cancelBeat();
      cancelJudge();
      for (const call of running.calls.values()) end(call);
      for (const response of running.listeners.keys()) response.end();
    },
  };
};

const end = (call: Call): void => {
  call.ended = true;
  call.cancel();
  call.socket?.destroy();
};

const sameAddress = (a: PeerAddress, b: PeerAddress): boolean =>
  a.host === b.host && a.port === b.port;

const hint = (running: Running, deviceId: string, address: PeerAddress): void => {
  const publicKey = running.members.keys().get(deviceId);
  if (publicKey === undefined || running.stopped) return;
  const known = running.calls.get(deviceId);
  if (known !== undefined) {
    if (known.addresses.some((each) => sameAddress(each, address))) return;
    known.addresses = [address, ...known.addresses].slice(0, addressesMax);
    if (known.socket !== null) return;
    known.failures = 0;
    known.cancel();
    void dial(running, known);
    return;
  }
  if (running.calls.size >= membersMax) {
    running.refused += 1;
    return;
  }
  const call: Call = {
    deviceId,
    publicKey,
    addresses: [address],
    socket: null,
    claim: null,
    at: null,
    heardAt: running.now(),
    status: 'dead',
    since: running.now(),
    failures: 0,
    asking: false,
    gone: false,
    cancel: () => {},
    ended: false,
  };
  running.calls.set(deviceId, call);
  void dial(running, call);
};

const dial = async (running: Running, call: Call): Promise<void> => {
  call.cancel();
  const address = call.addresses[call.failures % call.addresses.length];
  if (address === undefined || call.ended || running.stopped || call.socket !== null) return;
  try {
    const { publicKey } = call;
    const socket = await connectToPeer({ address, publicKey, own: running.own });
    if (call.ended || running.stopped || call.socket !== null) return void socket.destroy();
    use(running, call, socket, address);
  } catch {
    again(running, call);
  }
};

const use = (running: Running, call: Call, socket: TLSSocket, address: PeerAddress): void => {
  const before = call.socket;
  call.socket = socket;
  before?.destroy();
  socket.once('close', () => broke(running, call, socket));
  listen(running, call, socket, address);
};

/** The connection is silent: is it the connection, or is nobody there? */
const ask = async (running: Running, call: Call): Promise<void> => {
  const address = call.at;
  if (call.asking || address === null) return;
  call.asking = true;
  try {
    const { publicKey } = call;
    const socket = await connectToPeer({ address, publicKey, own: running.own });
    if (call.ended || running.stopped) return void socket.destroy();
    use(running, call, socket, address);
  } catch (cause) {
    const inner = cause instanceof Error ? cause.cause : null;
    call.gone = inner instanceof Error && 'code' in inner && goneCodes.has(String(inner.code));
  } finally {
    call.asking = false;
  }
};

const again = (running: Running, call: Call): void => {
  if (call.ended || running.stopped) return;
  call.failures += 1;
  judge(running);
  const delayMs = Math.min(redialMs.max, redialMs.first * 2 ** Math.min(call.failures, 10));
  const jittered = delayMs * (0.5 + 0.5 * running.random());
  call.cancel = running.timers.after(jittered, () => void dial(running, call), 'background');
};

const broke = (running: Running, call: Call, socket: TLSSocket): void => {
  if (call.socket !== socket) return;
  call.socket = null;
  again(running, call);
};

const listen = (running: Running, call: Call, socket: TLSSocket, address: PeerAddress): void => {
  const request = httpRequest({
    createConnection: () => socket,
    path: `/claims?port=${running.port}`,
    headers: { host: 'peer' },
  });
  const give = (): void => void socket.destroy();
  request.once('error', give);
  request.once('response', (reply: IncomingMessage) => {
    if (reply.statusCode !== 200) return give();
    let rest = '';
    reply.setEncoding('utf8');
    reply.on('error', give);
    reply.on('data', (text: string) => {
      call.heardAt = running.now();
      call.failures = 0;
      call.gone = false;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > claimBytesMax) return give();
      for (const line of lines) if (line !== '') hear(running, call, address, line);
    });
  });
  request.end();
};

const hear = (running: Running, call: Call, address: PeerAddress, line: string): void => {
  const parsed = parseJson(line, claimSchema, claimBytesMax);
  if (parsed.kind === 'refused') {
    running.refused += 1;
    return;
  }
  const claim = parsed.value;
  call.claim = claim;
  call.at = address;
  turn(running, call, 'alive');
  running.heard(call.deviceId, address);
  for (const [deviceId, host, port] of claim.peers) hint(running, deviceId, { host, port });
  running.onChange();
};

const turn = (running: Running, call: Call, status: SiteMember['status']): boolean => {
  if (call.status === status) return false;
  if (status === 'dead') running.lost += 1;
  call.status = status;
  call.since = running.now();
  return true;
};

const isGone = ({ socket, gone, failures }: Call, silentMs: number): boolean =>
  silentMs >= silenceMs.dead ||
  (gone && silentMs >= silenceMs.gone) ||
  (socket === null && failures > 1 && silentMs >= brokenMs);

/** Who fell silent, who is no member any more. */
const judge = (running: Running): void => {
  const now = running.now();
  let changed = false;
  for (const [deviceId, call] of running.calls) {
    if (running.members.keys().get(deviceId) !== call.publicKey) {
      end(call);
      running.calls.delete(deviceId);
      changed = true;
      continue;
    }
    if (call.status === 'dead') continue;
    const silentMs = now - call.heardAt;
    if (call.socket !== null && silentMs >= silenceMs.ask) void ask(running, call);
    if (isGone(call, silentMs)) {
      changed = turn(running, call, 'dead') || changed;
      call.socket?.destroy();
    } else if (call.socket === null) changed = turn(running, call, 'suspect') || changed;
  }
  if (changed) running.onChange();
};
