/** What the agent's local API answers, as this console reads it. The agent owns the shapes. */
import type { Sample } from '../data/types.ts';

export type LocalSlot = {
  bundleId: string;
  bundleName: string;
  version: string;
  runningVersion: string | null;
  status: string;
  reason: string | null;
  logTail: string[];
};
export type LocalDevice = {
  deviceId: string;
  name: string;
  site: string;
  fingerprint: string;
  registration: 'unregistered' | 'pending' | 'approved' | 'rejected';
  cloudUrl: string;
  agentVersion: string;
  hostname: string;
  uptimeSeconds: number;
  engine: { kind: string; version: string; reachable: boolean };
  generation: number;
  waiting: string;
  slots: LocalSlot[];
  /** A technician works here and the agent changes nothing; null while nobody does. */
  hold: { reason: string; by: 'console' | 'command'; sinceMs: number; untilMs: number } | null;
  /** What is wrong with the device's clock; null while nothing is. */
  clock: string | null;
  /** That news may be held back from it; null while what it believes is fresh. */
  stale: string | null;
  /** The device's clock when it said this. */
  now: number;
};
export type LocalContainer = {
  name: string;
  bundleName: string;
  state: string;
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  imageDigest: string;
  restartCount: number;
  startedAt: number | null;
};
export type LocalLane = {
  lane: string;
  backlogRows: number;
  backlogBytes: number;
  oldestAt: number | null;
  lastAcknowledgedAt: number | null;
};
export type LocalMember = {
  deviceId: string;
  name: string;
  status: 'alive' | 'suspect' | 'dead' | 'left' | 'unknown';
  address: string;
  /** 0 none, 255 best. */
  uplink: number;
  leaf: boolean;
  since: number;
};
/** The other devices of the site; null without a mesh. */
export type LocalSite = {
  members: LocalMember[];
  gateway: { holder: string | null; why: string };
  waiting: string;
  refused: number;
  warnings: { text: string; at: number }[];
};
export type LocalLink = {
  state: 'connected' | 'connecting' | 'offline' | 'waiting-for-approval';
  via: 'leaf' | 'hub' | 'neighbour' | null;
  since: number;
  waiting: string;
  gateway: {
    role: boolean;
    leaf: { running: boolean; hubConnected: boolean; restarts: number } | null;
  };
  site: LocalSite | null;
  lanes: LocalLane[];
  lastHeartbeatAt: number | null;
};
export type LocalEvent = {
  id: number;
  at: number;
  type: string;
  severity: string;
  message: string;
};
export type LocalLog = { at: number; stream: 'stdout' | 'stderr'; text: string };
export type LocalSession = {
  /** Whose grant it came by; null by a code from the device. */
  name: string | null;
  signedIn: boolean;
  expiresAt: number | null;
};
/** What the stream pushes, by the name of its event. */
export type LocalPush = {
  device: LocalDevice;
  containers: { containers: LocalContainer[] };
  link: LocalLink;
  events: { events: LocalEvent[] };
  metrics: { sample: Sample | null };
};
