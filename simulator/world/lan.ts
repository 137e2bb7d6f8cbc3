/**
 * The network inside a site: datagrams that are lost, doubled, late and out of order, and whether
 * one machine reaches another at all, each direction by itself. Addresses are where machines are at
 * the moment; a machine is its place in the world's list, so two with one identity are two.
 */
import type { Datagrams } from '@signalbeam/edge/mesh/datagrams';
import type { Kernel } from '../kernel/kernel.ts';
import type { Process } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';

export type Datagram = { from: string; to: string; packet: Uint8Array };

export type Lan = {
  loss: number;
  doubled: number;
  delayMs: number;
  jitterMs: number;
  /** The site falls in two: who is in it does not reach those who are not. */
  half: Set<number> | null;
  /** `3>1`: what machine 3 sends does not arrive at machine 1. */
  cuts: Set<string>;
  reaches(from: number, to: number): boolean;
  /** Takes the address over from whoever had it. */
  open(machine: number, address: string, life: Process): Datagrams;
  machineAt(address: string): number | null;
  /** As if `from` had sent it: for whoever listens in. */
  inject(datagram: Datagram): void;
  /** The newest datagrams that were sent, for whoever says them again. */
  overheard: Datagram[];
  /** One question over a connection; null when it was not answered in time. */
  ask<T>(
    from: number,
    to: number,
    answer: () => T | null,
    answered: (reply: T | null) => void,
  ): void;
};

type Endpoint = {
  machine: number;
  life: Process;
  hear: (packet: Uint8Array, from: HostPort) => void;
};

const overheardMax = 40;
const askTimeoutMs = 5_000;
/** Retransmission by TCP: a lossy LAN is slow, not silent. */
const retransmitMs = 250;

type HostPort = { host: string; port: number };

/** Read once for each of a site's few addresses; each datagram has one. */
const createAddresses = () => {
  const known = new Map<string, HostPort>();
  return (address: string): HostPort => {
    const read = known.get(address);
    if (read !== undefined) return read;
    const colon = address.lastIndexOf(':');
    const made = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    known.set(address, made);
    return made;
  };
};

export const createLan = (kernel: Kernel, random: Random): Lan => {
  const endpoints = new Map<string, Endpoint>();
  const parse = createAddresses();
  const travelMs = (): number => lan.delayMs + random.next() * lan.jitterMs;
  const arrive = ({ from, to, packet }: Datagram, sender: number): void => {
    const endpoint = endpoints.get(to);
    if (endpoint === undefined || !lan.reaches(sender, endpoint.machine)) return;
    endpoint.life.enter(() => endpoint.hear(packet, parse(from)));
  };
  const send = (datagram: Datagram, sender: number): void => {
    lan.overheard.push(datagram);
    if (lan.overheard.length > overheardMax) lan.overheard.shift();
    const copies = random.next() < lan.doubled ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (random.next() < lan.loss) continue;
      kernel.later(travelMs(), () => arrive(datagram, sender));
    }
  };
  const lan: Lan = {
    loss: 0,
    doubled: 0,
    delayMs: 0.5,
    jitterMs: 1,
    half: null,
    cuts: new Set(),
    overheard: [],
    reaches: (from, to) =>
      from === to ||
      ((lan.cuts.size === 0 || !lan.cuts.has(`${from}>${to}`)) &&
        (lan.half === null || lan.half.has(from) === lan.half.has(to))),
    machineAt: (address) => endpoints.get(address)?.machine ?? null,
    open: (machine, address, life) => {
      let closed = false;
      const endpoint: Endpoint = { machine, life, hear: () => undefined };
      endpoints.set(address, endpoint);
      return {
        port: parse(address).port,
        send: (packet, to, done) => {
          if (!closed && !life.dead)
            send({ from: address, to: `${to.host}:${to.port}`, packet }, machine);
          done();
        },
        hear: (listener) => {
          endpoint.hear = listener;
        },
        failed: () => undefined,
        close: () => {
          closed = true;
          if (endpoints.get(address) === endpoint) endpoints.delete(address);
        },
      };
    },
    inject: (datagram) => {
      const machine = endpoints.get(datagram.to)?.machine;
      if (machine !== undefined) kernel.later(travelMs(), () => arrive(datagram, machine));
    },
    ask: (from, to, answer, answered) => {
      const roundTripMs = 2 * travelMs() + 3;
      const slowMs = random.next() < 2 * lan.loss ? retransmitMs * (1 + random.int(4)) : 0;
      kernel.later(roundTripMs + slowMs, () => {
        const there = lan.reaches(from, to) && lan.reaches(to, from) ? answer() : null;
        if (there !== null) answered(there);
        else kernel.later(askTimeoutMs, () => answered(null));
      });
    },
  };
  return lan;
};
