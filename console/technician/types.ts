/** What the agent's local API answers, as this console reads it. The agent owns the shapes. */
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
  agentVersion: string;
  hostname: string;
  uptimeSeconds: number;
  engine: { kind: string; version: string; reachable: boolean };
  generation: number;
  waiting: string;
  slots: LocalSlot[];
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
export type LocalLink = {
  state: 'connected' | 'connecting' | 'offline' | 'waiting-for-approval';
  via: 'leaf' | 'hub' | 'neighbour' | null;
  since: number;
  waiting: string;
  gateway: {
    role: boolean;
    leaf: { running: boolean; hubConnected: boolean; restarts: number } | null;
  };
  lanes: LocalLane[];
  lastHeartbeatAt: number | null;
};
export type LocalEvent = {
  at: number;
  type?: string;
  severity?: string;
  message?: string;
  body?: { type: string; severity: string; message: string };
};
export type LocalLog = { at: number; stream: string; text: string };
export type LocalSession = { signedIn: boolean; expiresAt: number | null };
