/**
 * Clusters to measure, each member a process on a host of its own (a network namespace): this
 * project's mesh, and Debian's serf with its LAN defaults and encryption. What members see is told
 * with the time at which they saw it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Network, NetworkHost } from '@signalbeam/launcher/infra/network';
import { findCommand } from '@signalbeam/launcher/machine/commands';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { type FromMember, meshPort, type ToMember } from './mesh-member.suite.ts';

/** What a member saw: of another one, or of the record (serf: the user event) `version`. */
export type Sight =
  | { kind: 'alive' | 'dead'; member: number; at: number }
  | { kind: 'holds'; version: number; at: number };

export type Kind = {
  name: 'signalbeam' | 'serf';
  start(index: number, saw: (sight: Sight) => void): ChildProcess;
  /** serf's events are bounded: a larger record is as large an event as it takes. */
  write(index: number, record: { version: number; bytes: number }, child: ChildProcess): void;
};

const memberFile = join(import.meta.dirname, 'mesh-member.suite.ts');

export const signalbeam = (network: Network): Kind => {
  const devices = network.hosts.map(() => ({ device: randomUUID(), ...createDeviceKey() }));
  const siteKey = randomBytes(32).toString('hex');
  const roster = devices.map(({ device, nkey }) => ({ deviceId: device, publicKey: nkey }));
  const indexOf = new Map<string, number>(devices.map(({ device }, index) => [device, index]));
  const hints = network.hosts.slice(0, 2).map(({ address }) => `${address}:${meshPort}`);
  return {
    name: 'signalbeam',
    start: (index, saw) => {
      const host = network.hosts[index] as NetworkHost;
      const { command, args } = host.within(process.execPath, [memberFile]);
      const child = spawn(command, args, {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: { ...process.env, SIGNALBEAM_BENCH_MEMBER: '1' },
      });
      child.on('message', (message: FromMember) => {
        if (message.kind === 'holds') saw(message);
        if (message.kind !== 'changed') return;
        const member = indexOf.get(message.device) ?? -1;
        if (message.to === 'alive' || message.to === 'dead') {
          saw({ kind: message.to, member, at: message.at });
        }
      });
      const { device, seed } = devices[index] as (typeof devices)[number];
      const told: ToMember = {
        kind: 'start',
        ...{ device, seed, siteKey, roster, hints },
        ...{ host: host.address, loss: 0 },
      };
      child.send(told);
      return child;
    },
    write: (index, record, child) => {
      const device = devices[index]?.device ?? '';
      child.send({ kind: 'write', device, ...record } satisfies ToMember);
    },
  };
};

const serfPort = 7946;
/** An event has 512 bytes at most, its name included. */
const serfPayloadBytesMax = 400;
const serfLine =
  /serf: EventMember(?<what>Join|Failed|Update): n(?<member>\d+) |Received event: user-event: v(?<version>\d+)/;

export const serf = (network: Network): Kind => {
  const key = randomBytes(32).toString('base64');
  const [first] = network.hosts;
  return {
    name: 'serf',
    start: (index, saw) => {
      const host = network.hosts[index] as NetworkHost;
      const { command, args } = host.within(findCommand('serf'), [
        ...['agent', `-node=n${index}`, `-bind=${host.address}:${serfPort}`, `-encrypt=${key}`],
        ...['-profile=lan', '-log-level=info', `-retry-join=${first?.address}:${serfPort}`],
        '-retry-interval=1s',
      ]);
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { what, member, version } = serfLine.exec(line)?.groups ?? {};
        const at = Date.now();
        if (version !== undefined) saw({ kind: 'holds', version: Number(version), at });
        if (what === 'Join') saw({ kind: 'alive', member: Number(member), at });
        if (what === 'Failed') saw({ kind: 'dead', member: Number(member), at });
      });
      return child;
    },
    write: (index, { version, bytes }) => {
      const host = network.hosts[index] as NetworkHost;
      const payload = 'x'.repeat(Math.min(bytes, serfPayloadBytesMax));
      void host.run(findCommand('serf'), ['event', '-coalesce=false', `v${version}`, payload]);
    },
  };
};

/** A program's share of the machine. */
export const usageOf = (
  pid: number,
): { cpuMs: number; anonymousMb: number; residentMb: number } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    anonymousMb: kb('RssAnon') / 1_024,
    residentMb: kb('VmRSS') / 1_024,
  };
};
