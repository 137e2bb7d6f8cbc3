/**
 * What the cloud's REST answers, as the console reads it. Only fields that a screen shows; the
 * services own the schemas. Times are ISO strings or epoch milliseconds as the API sends them.
 */
import type { ContainerManifest } from '@signalbeam/sync/core/manifest';

export type Instant = string | number;
export type Role = 'viewer' | 'operator' | 'admin';
export type User = {
  id: string;
  email: string;
  name: string;
  role: Role;
  /** Null: every site. */
  sites: string[] | null;
  tenantId: string;
  tenantName: string;
  totp: boolean;
};

export type Person = {
  id: string;
  email: string;
  name: string;
  role: Role;
  sites: string[] | null;
  disabledAt: Instant | null;
  lastSignInAt: Instant | null;
  totp: boolean;
};
export type Invitation = {
  id: string;
  email: string;
  role: Role;
  sites: string[] | null;
  createdBy: string;
  expiresAt: Instant;
};
export type ServiceAccount = {
  id: string;
  name: string;
  role: Role;
  sites: string[] | null;
  createdBy: string;
  tokens: {
    id: string;
    prefix: string;
    role: Role;
    expiresAt: Instant;
    lastUsedAt: Instant | null;
  }[];
};
export type RoleRule = { value: string; role: Role; sites: string[] | null };
export type IdentityProvider = {
  name: string;
  issuer: string;
  clientId: string;
  listed: boolean;
  roleClaim: string;
  roleRules: RoleRule[];
  /** Of those whom no rule names; null keeps them out. */
  defaultRole: Role | null;
  linkByEmail: boolean;
  hasSecret: boolean;
};
export type ProviderCheck = {
  ok: boolean;
  findings: { what: string; ok: boolean; detail: string }[];
};
/** What the sign-in page offers beside a password. */
export type SignInChoices = {
  providers: { tenantId: string; name: string }[];
  signUp: boolean;
};

export type SignInSession = {
  id: string;
  createdAt: Instant;
  renewedAt: Instant;
  ip: string | null;
  userAgent: string | null;
  current: boolean;
};
export type AuditEntry = {
  id: number;
  at: Instant;
  actor: string;
  action: string;
  target: string;
  /** What it is called now; null: it has no name, or is gone. */
  targetName: string | null;
  before: unknown;
  after: unknown;
  ip: string | null;
  requestId: string | null;
};
/** Empty texts are no filter. */
export type AuditFilter = {
  actor: string;
  action: string;
  target: string;
  from: string;
  until: string;
};

export type Presence = 'online' | 'offline' | 'never';
export type SlotStatus =
  | 'pending'
  | 'downloading'
  | 'installing'
  | 'verifying'
  | 'running'
  | 'failed'
  | 'removed';

type HealthPart = { points: number; most: number; says: string };
export type DeviceHealth = {
  /** Null: not heard of for an hour, or never. */
  score: number | null;
  level: 'healthy' | 'degraded' | 'critical' | 'unknown';
  notHeardSince: Instant | null;
  parts: Record<'freshness' | 'reconciliation' | 'resources' | 'stability', HealthPart>;
};

export type Device = {
  id: string;
  name: string;
  site: string;
  registrationStatus: 'pending' | 'approved' | 'rejected';
  presence: Presence;
  lastSeenAt: Instant | null;
  /** Null: it has never reported, so there is no report to ask for. */
  reportedAt: Instant | null;
  health?: {
    score: number | null;
    level: 'healthy' | 'degraded' | 'critical' | 'unknown';
    worst: { part: string; says: string; isKnown: boolean } | null;
  };
  fingerprint: string;
  agentVersion: string;
  platform: { os: string; architecture: string; hostname: string };
  createdAt: Instant;
  approvedAt: Instant | null;
  generation?: number | null;
  bundles?: { bundleId: string; name: string; version: string; status: string }[];
  tags: string[];
  metadata: Record<string, string>;
  /** The device whose place it took. */
  replaces?: string | null;
  removal?: {
    removal: 'replaced' | 'decommissioned' | 'deleted';
    at: Instant;
    wipe: 'data' | 'workloads' | null;
    wipedAt: Instant | null;
    replacedBy: string | null;
  } | null;
};

/** What the tenant's tier allows; a limit of null is none. */
export type Quotas = {
  tier: string;
  quotas: { what: string; used: number; limit: number | null }[];
};

export type ApiKey = {
  id: string;
  prefix: string;
  createdBy: string;
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
};

export type Certificate = {
  serial: string;
  fingerprint: string;
  issuedAt: string;
  expiresAt: string;
  revokedAt: string | null;
  revocation: 'superseded' | 'key-compromise' | 'cessation' | null;
};

/** How a device proved itself, or failed to, in one hour. */
export type Authentication = {
  hour: string;
  method: string;
  outcome: string;
  attempts: number;
  firstAt: string;
  lastAt: string;
  ip: string | null;
  userAgent: string | null;
};

export type SiteWindow = { cron: string; timeZone: string; minutes: number };
export type Site = {
  name: string;
  title: string;
  devices: number;
  pending: number;
  /** When rollouts may change its devices; empty: at any time. */
  windows: SiteWindow[];
};

export type SiteGrant = {
  id: string;
  site: string;
  holder: string;
  createdBy: string;
  expiresAt: string;
  state: 'live' | 'expired' | 'revoked';
};

export type Group = {
  id: string;
  name: string;
  description: string;
  kind: 'static' | 'dynamic';
  query: string | null;
  /** Null: nobody counted yet. */
  members: number | null;
};

export type GroupMember = {
  device: Device;
  origin: 'query' | 'person' | 'registration-token';
  addedAt: Instant | null;
  addedBy: string | null;
};

export type TagCount = { tag: string; key: string | null; value: string; devices: number };

export type Suggested = {
  fault: { message: string; start: number; end: number } | null;
  replace: { start: number; end: number };
  suggestions: { text: string; kind: 'key' | 'tag' | 'value' | 'word'; hint: string }[];
};

export type Activity = {
  id: number;
  at: Instant;
  actor: string;
  action: string;
  before: unknown;
  after: unknown;
};

export type BulkAction =
  | { kind: 'tag'; set: string[]; unset: string[] }
  | { kind: 'join' | 'leave'; group: string }
  | { kind: 'approve' };

export type BulkResult = {
  deviceId: string;
  name: string | null;
  outcome: 'changed' | 'unchanged' | 'refused';
  reason: string | null;
};

export type RegistrationToken = {
  id: string;
  token?: string;
  prefix: string;
  site: string;
  maxUses: number;
  currentUses: number;
  expiresAt: Instant;
  autoApprove: boolean;
  description?: string | null;
  revokedAt?: Instant | null;
  group: string | null;
  tags: string[];
  createdBy: string;
  state: 'open' | 'revoked' | 'expired' | 'used-up';
};

export type Sample = {
  at: Instant;
  cpuPercent: number | null;
  memoryPercent: number | null;
  diskPercent: number | null;
  networkReceivedBytes?: number | null;
  networkSentBytes?: number | null;
};
/** A chart's points, and from what they were made. */
export type MetricSeries = {
  series: Sample[];
  source: 'samples' | 'minutes' | 'hours' | 'days';
  bucketMs: number;
};

export type DeviceEvent = {
  seq: number;
  epoch: string;
  at: Instant;
  receivedAt: Instant;
  type: string;
  severity: 'info' | 'warning' | 'error';
  message: string;
  data: Record<string, string | number | boolean | null>;
};

export type ReportedSlot = {
  bundleId: string;
  bundleName: string;
  version: string;
  runningVersion: string | null;
  rolloutId: string | null;
  status: SlotStatus;
  reason: string | null;
  logTail: string[];
};
export type ReportedContainer = {
  bundleName: string;
  name: string;
  state: string;
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  imageDigest: string;
  restartCount: number;
  startedAt: Instant | null;
};
export type Engine = { kind: 'docker' | 'podman' | 'none'; version: string; reachable: boolean };
export type Reported = {
  generation: number;
  at: Instant;
  receivedAt: Instant;
  waiting?: string;
  slots: ReportedSlot[];
  containers: ReportedContainer[];
  engine: Engine | null;
  backlog?: Record<string, number> | null;
};

export type DesiredSlot = {
  bundleId: string;
  bundleName: string;
  version: string;
  rolloutId: string | null;
};
export type DesiredState = { generation: number; slots: DesiredSlot[] };

export type Deprecation = { reason: string; at: Instant; by: string };
export type Bundle = {
  id: string;
  name: string;
  description?: string | null;
  latestVersion?: string | null;
  deprecated: Deprecation | null;
  createdAt: Instant;
};
export type BundleVersion = {
  version: string;
  containers: ContainerManifest[];
  releaseNotes?: string | null;
  releaseDigest?: string;
  deprecated: Deprecation | null;
  createdAt: Instant;
  createdBy?: string | null;
};
export type VersionDiff = {
  from: string;
  to: string;
  containers: {
    name: string;
    kind: 'added' | 'removed' | 'changed' | 'unchanged';
    fields: { path: string; before: string | null; after: string | null }[];
  }[];
  fetchBytes: number;
  unknownSizes: string[];
};
export type ComposeFault = {
  line: number;
  column: number;
  path: string;
  message: string;
  /** The image by its tag that it is about. */
  tag?: string;
};
/** What a tag stands for now, or why nobody could say. */
export type ImageTag = { image: string; reference: string | null; refused: string | null };
export type PolicyRules = {
  registries: string[] | null;
  hostPaths: { path: string; writable: boolean }[] | null;
  hostPorts: { from: number; to: number }[] | null;
  loopbackOnly: boolean;
  limitsRequired: boolean;
  memoryBytesMax: number | null;
  cpusMax: number | null;
};
export type BundlePolicy = PolicyRules & {
  installation: Pick<PolicyRules, 'registries' | 'hostPaths'>;
};
export type AssignedDevice = {
  deviceId: string;
  name: string;
  site: string;
  version: string;
  status: string;
};
export type Page<Key extends string, T> = { [K in Key]: T[] } & { nextCursor?: string | null };
