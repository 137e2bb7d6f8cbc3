/**
 * What a machine asks another one over HTTPS, on the simulated LAN: who it is, what it holds, records.
 * The port of `edge/mesh/peer-client`, as far as records need it. Members only; a stranger learns
 * nothing.
 */
import type { Peer, PeerClient } from '@signalbeam/edge/mesh/peer-client';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Process } from '../kernel/process.ts';
import type { Device } from './device.ts';
import { meshPort, type SiteParts } from './site-life.ts';

export type SitePeerClient = Pick<PeerClient, 'identify' | 'versions' | 'records' | 'roots'>;

const silent = (host: string): FleetError =>
  new FleetError('peer-unreachable', `The device at ${host} did not answer.`);

/** Who listens there, if somebody does. */
const machineOn = (site: SiteParts, host: string): Device | null => {
  const machine = site.lan.machineAt(`${host}:${meshPort}`);
  return machine === null ? null : (site.devices()[machine] ?? null);
};

export const createSitePeers = (device: Device, site: SiteParts, life: Process): SitePeerClient => {
  const { kernel, machine, deviceId } = device.parts;
  const ask = <T>({ host }: Peer['address'], answer: (there: Device) => T | null): Promise<T> => {
    const there = machineOn(site, host);
    const said = (): { of: T } | null => {
      if (there?.process == null) return null;
      const of = answer(there);
      return of === null ? null : { of };
    };
    return new Promise((resolve, reject) => {
      site.lan.ask(machine, there?.parts.machine ?? machine, said, (reply) =>
        life.enter(() => {
          kernel.settled();
          if (reply === null) reject(silent(host));
          else resolve(reply.of);
        }),
      );
    });
  };
  /** It proves the key that is asked for, and knows this device for a member. */
  const admits = (there: Device, publicKey: Peer['publicKey']): boolean => {
    const trust = there.site?.trust.trust();
    const nkey = trust?.members.get(deviceId);
    const isIt = publicKey === null || there.parts.mesh?.identity.signer.publicKey === publicKey;
    return isIt && nkey !== undefined && trust?.revoked.has(nkey) === false;
  };
  const served = (there: Device, name: RecordName): Uint8Array | null =>
    there.parts.mesh?.serves(name, there.site?.trust.held(name) ?? null) ?? null;
  return {
    identify: (address) =>
      ask(address, (there) => there.parts.mesh?.identity.signer.publicKey ?? null),
    versions: ({ address, publicKey }) =>
      ask(address, (there) =>
        admits(there, publicKey) ? (there.site?.trust.versions() ?? null) : null,
      ),
    roots: async ({ address, publicKey }, version, take) => {
      for (let next = version + 1; ; next += 1) {
        const [bytes] = await ask(address, (there): [Uint8Array | null] | null =>
          admits(there, publicKey) ? [there.site?.trust.root(next) ?? null] : null,
        );
        if (bytes === null || !take(bytes)) return;
      }
    },
    records: async ({ address, publicKey }, names, take) => {
      for (const name of names) {
        const [from, bytes] = await ask(address, (there): [Device, Uint8Array | null] | null =>
          admits(there, publicKey) ? [there, served(there, name)] : null,
        );
        if (bytes === null) continue;
        site.watch.fetched(from, name, bytes);
        take(name, bytes);
      }
    },
  };
};
