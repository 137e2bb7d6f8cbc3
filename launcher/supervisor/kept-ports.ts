/**
 * The ports of a run. Each has a documented default; if it is taken on the first start the next
 * free one is used, and kept. Devices learn some of them when they enrol (`api`, `hub`, `leaf`):
 * those can't move any more once there are devices.
 */
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { freePortFrom } from '../infra/ports.ts';
import { workDir } from '../places.ts';
import { readPrivate, writePrivate } from './run-state.ts';

export const defaultPorts = {
  api: 8080,
  'console-gateway-1': 8081,
  'console-gateway-2': 8082,
  'console-gateway-3': 8083,
  hub: 4222,
  leaf: 7422,
  'hub-monitor': 8222,
  'leaf-gateway-1': 4322,
  'leaf-gateway-2': 4323,
  'leaf-gateway-3': 4324,
  'mesh-gateway-1': 8481,
  'mesh-gateway-2': 8483,
  'mesh-gateway-3': 8484,
  postgres: 5632,
} as const;

/** The mesh's beacon, the same for every device: UDP, so looking for a listener does not find it. */
const beaconPort = 8482;

export type PortName = keyof typeof defaultPorts;
export type Ports = Record<PortName, number>;

const learnedByDevices: readonly PortName[] = ['api', 'hub', 'leaf'];
const names = Object.keys(defaultPorts) as PortName[];
const portsFile = join(workDir, 'ports.json');
const portsSchema = z.record(z.string(), z.int().min(1).max(65_535));

const portTaken = (name: PortName, port: number): FleetError =>
  new FleetError(
    'port-taken',
    `Port ${port} (${name}) is used by another program, and the devices that are enrolled know it.`,
    { next: 'Stop that program, or begin anew with `./signalbeam down --wipe`.' },
  );

export const choosePorts = async (hasDevices: boolean): Promise<Ports> => {
  const kept = readPrivate(portsFile, portsSchema) ?? {};
  const taken = new Set<number>([beaconPort]);
  const chosen: Partial<Ports> = {};
  for (const name of names) {
    const before = kept[name] ?? defaultPorts[name];
    const wanted = before === beaconPort ? defaultPorts[name] : before;
    const port = await freePortFrom(wanted, taken);
    if (port !== wanted && hasDevices && learnedByDevices.includes(name))
      throw portTaken(name, wanted);
    taken.add(port);
    chosen[name] = port;
  }
  writePrivate(portsFile, chosen);
  return chosen as Ports;
};
