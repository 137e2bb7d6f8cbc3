/** Rollouts as the API tells of them. */
import type { Instant } from './types.ts';

export type RolloutProgress = {
  total: number;
  planned: number;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  rollingBack: number;
  rolledBack: number;
  unreached: number;
};
export type RolloutStatus =
  | 'scheduled'
  | 'in-progress'
  | 'paused'
  | 'rolling-back'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'rolled-back';
export type WaveSize =
  | { kind: 'percent'; percent: number }
  | { kind: 'count'; count: number }
  | { kind: 'tag'; tag: string }
  | { kind: 'site'; site: string }
  | { kind: 'each-site' }
  | { kind: 'rest' };
export type WaveGate = {
  succeededPercentMin: number;
  failedPercentMax: number;
  failedSampleMin: number;
  soakMs: number;
  approval: 'none' | 'any-person' | 'another-person';
  unreached: { rule: 'wait' } | { rule: 'go-on'; afterMs: number; reachedPercentMin: number };
  healthScoreMin: number | null;
  alertFreeFrom: 'info' | 'warning' | 'critical' | null;
  timeoutMs: number | null;
};
export type WaveWish = { name: string; size: WaveSize; gate: WaveGate };
export type RolloutWave = WaveWish & {
  state: 'waiting' | 'open' | 'passed';
  openedAt: Instant | null;
  goodSince: Instant | null;
  passedAt: Instant | null;
  passedBy: string | null;
  /** Of its devices, those that joined when it was passed already. */
  late: number;
  approvals: string[];
  progress: RolloutProgress;
  /** Of those that confirmed, where its gate asks for health or alerts. */
  evidence: { well: number; unwell: number; alerts: number } | null;
};
export type RolloutPace = {
  windows: { cron: string; timeZone: string; minutes: number; sites: string[] | null }[];
  devicesPerHourMax: number | null;
  perSiteMax: number | null;
  redundancyTag: string | null;
  deviceTimeoutMs: number | null;
  retriesMax: number;
  retryAfterMs: number;
};
export type RolloutVerb =
  | 'cancel'
  | 'retry'
  | 'pause'
  | 'resume'
  | 'approve'
  | 'advance'
  | 'rollback';
export type RolloutWish = {
  bundleId: string;
  version: string;
  target:
    | { kind: 'devices'; deviceIds: string[] }
    | { kind: 'site'; site: string }
    | { kind: 'group'; groupId: string }
    | { kind: 'tag'; tag: string }
    | { kind: 'all' };
  waves: WaveWish[];
  onFailure: 'pause' | 'roll-back';
  pace: RolloutPace;
  allowDeprecated: boolean;
  lateJoiners?: boolean;
  startAt?: Instant;
  /** Why it does not wait for the windows of sites. */
  ignoreSiteWindows?: string;
};
/** Null: not within a year, or not by itself. */
export type PreviewRange = { earliest: Instant | null; likely: Instant | null };
export type PreviewWave = {
  name: string;
  devices: number;
  begins: PreviewRange;
  allTold: PreviewRange;
  dependsOn: string[];
  bytes: number;
  runIt: number;
  unreached: number;
  fetches: { devices: number; bytes: number }[];
  first: {
    deviceId: string;
    name: string;
    presence: 'online' | 'offline' | 'never';
    runsIt: boolean;
    bytes: number;
  }[];
};
/** Another rollout of the bundle on some of the same devices. */
export type RolloutMeeting = {
  rolloutId: string;
  version: string;
  status: RolloutStatus;
  devices: number;
};
export type RolloutPreview = {
  devices: number;
  /** Why it would be refused as things are. */
  refused: string | null;
  /** It should not be begun with any more; and what it means to do so all the same. */
  deprecated: { what: string; reason: string; by: string; at: Instant; means: string } | null;
  bytes: number;
  runIt: number;
  unreached: number;
  foreignImages: string[];
  underWay: {
    rolloutId: string;
    version: string;
    status: RolloutStatus;
    atWork: number;
    untold: number;
    means: string;
  }[];
  attention: {
    kind: string;
    devices: number;
    why: string;
    first: { deviceId: string; name: string }[];
  }[];
  estimates: string[];
  waves: PreviewWave[];
};
export type Rollout = {
  id: string;
  bundleId: string;
  bundleName: string;
  version: string;
  status: RolloutStatus;
  statusReason: string | null;
  startsAt: Instant | null;
  onFailure: 'pause' | 'roll-back';
  pace: RolloutPace;
  lateJoiners: boolean;
  progress: RolloutProgress;
  waiting: string;
  awaitsApproval: 'any-person' | 'another-person' | null;
  overtakes: RolloutMeeting[];
  overtakenBy: RolloutMeeting[];
  waves: RolloutWave[];
  createdAt: Instant;
  createdBy: string | null;
  /** Why it does not wait for the windows of sites. */
  windowsIgnored: string | null;
  windowsIgnoredBy: string | null;
  windowsIgnoredAt: Instant | null;
  /** Some site has windows that could be waited for. */
  sitesHaveWindows: boolean;
  /** The person for whom it was made. */
  requestedBy: string;
  completedAt: Instant | null;
};
export type RolloutSettings = { approvalByAnother: boolean };
export type RolloutDeviceStatus =
  | 'planned'
  | 'rolling-back'
  | 'rolled-back'
  | 'pending'
  | 'in-progress'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'unreached';
export type RolloutDevice = {
  deviceId: string;
  name: string;
  status: RolloutDeviceStatus;
  reason?: string | null;
  logTail?: string[];
  startedAt: Instant | null;
  completedAt: Instant | null;
  retryCount: number;
};
/** Failed devices with one cause, and what the newest of them said. */
export type RolloutFailure = {
  cause: string;
  devices: number;
  newest: { deviceId: string; name: string; reason: string; logTail: string[] };
};
