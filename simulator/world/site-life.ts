/**
 * One life of an agent among the others of its site: what it believes, who it sees, whether it runs
 * the leaf, and its ways to the cloud. The store of trust, the mesh with its shell, the choice of
 * the gateway, the ways and the following of records are the product's; what joins them is a model.
 */
import type { Believing } from '@signalbeam/edge/host/trust';
import type { Way } from '@signalbeam/edge/link/ways';
import type { MeshShell } from '@signalbeam/edge/mesh/mesh-shell';
import type { EnrolmentRecords } from '@signalbeam/edge/store/trust';
import type { TrustTables } from '@signalbeam/edge/store/trust-tables';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { chooseGateway } from '@signalbeam/sync/mesh/gateway-role';
import type { Status } from '@signalbeam/sync/mesh/mesh';
import type { ClaimSeal } from '@signalbeam/sync/mesh/message';
import type { PacketCrypto } from '@signalbeam/sync/wire/mesh-packet';
import type { Path } from './carrier.ts';
import type { Device } from './device.ts';
import type { SiteIdentity } from './identity.ts';
import type { Lan } from './lan.ts';

export type SiteWatch = {
  /** A record is believed, or carried for others. */
  kept(device: Device, name: RecordName, version: number, bytes: Uint8Array): void;
  /** A record came from another member, before anything judged it. */
  fetched(from: Device, name: RecordName, bytes: Uint8Array): void;
  /** What this device now sees of the others. */
  saw(device: Device, shell: MeshShell): void;
  changed(device: Device, member: string, to: Status, was: Status): void;
  leaf(device: Device, running: boolean): void;
};

export type SiteParts = {
  lan: Lan;
  /** Where it listens; a machine may come back with another one. */
  address: string;
  identity: SiteIdentity;
  enrolment: EnrolmentRecords;
  packets: PacketCrypto;
  seal: ClaimSeal;
  /** Whether it has an uplink of its own at all. */
  wired: boolean;
  /** 1 to 255 while that uplink works. */
  uplink: number;
  canRunLeaf: boolean;
  devices: () => readonly Device[];
  watch: SiteWatch;
  choose: typeof chooseGateway;
  tables: (tables: TrustTables) => TrustTables;
  /** What it gives to others of what it holds; a hostile one gives something else. */
  serves: (name: RecordName, honest: Uint8Array | null) => Uint8Array | null;
};

export type SiteLife = {
  trust: Believing;
  shell: MeshShell | null;
  leafRuns: boolean;
  holder: string | null;
  /** The way it is linked by now; null while it is not, or goes through a neighbour itself. */
  broker: () => Path | null;
  /** What kind of way that is; null while it is not linked. */
  via: () => Way['via'] | null;
};

export const meshPort = 7_946;
export const peerPort = 7_947;
export const leafPort = 7_422;
