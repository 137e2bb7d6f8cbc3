/**
 * The port behind which a container engine sits: what the agent asks of Docker and of Podman alike.
 * Every call has a deadline and fails with a `FleetError` whose code is one of `EngineFailure`;
 * acts that may be repeated after a crash (start, stop, remove) treat "already so" as done.
 * It decides nothing: what to create or remove is planned in `core/`.
 */
import type { ContainerSpec, ObservedContainer } from '../core/container.ts';

/** The stable codes of engine failures; each is raised in `failures.ts` with its next step. */
export type EngineFailure =
  | 'engine-unreachable'
  | 'engine-timeout'
  | 'engine-refused'
  | 'engine-reply-invalid'
  | 'container-not-found'
  | 'container-not-running'
  | 'name-in-use'
  | 'port-in-use'
  | 'image-not-found'
  | 'image-in-use'
  | 'registry-unreachable'
  | 'registry-refused'
  | 'volume-not-owned'
  | 'volume-in-use'
  | 'exec-timeout'
  | 'disk-full';

export type EngineDescription = {
  kind: 'docker' | 'podman';
  version: string;
  apiVersion: string;
  socketPath: string;
  os: string;
  architecture: string;
  cgroupVersion: string;
  /** A rootless engine's container addresses can't be reached from the host. */
  rootless: boolean;
  storagePath: string;
  /** Which limits this host can hold. A limit it can't hold is left out and said so, not failed. */
  limits: { memory: boolean; cpu: boolean };
};

export type PullProgress = { receivedBytes: number; totalBytes: number; text: string };
export type PullOptions = {
  /** False only for the agent's own registry endpoint on loopback. Docker decides by address itself. */
  tlsVerify: boolean;
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
};

export type PresentImage = { imageId: string; digest: string };

export type StoredImage = {
  id: string;
  /** Manifest digests under which the engine knows it; empty for loaded images in Docker. */
  digests: string[];
  /** Full references (`name@sha256:…` and `name:tag`), as `removeImage` takes them. */
  references: string[];
  sizeBytes: number;
  /** Ids of every container of the host that uses it, strangers' too, so that none is pruned under them. */
  inUseBy: string[];
};

export type LogLine = { at: number; stream: 'stdout' | 'stderr'; text: string };
export type LogOptions = { tail: number; sinceMs?: number };

export type ContainerStats = {
  id: string;
  /** Since the container started; two readings make a rate. */
  cpuTotalNs: number;
  /** Without the page cache that the kernel would give back. */
  memoryBytes: number;
  memoryLimitBytes: number | null;
  receivedBytes: number;
  sentBytes: number;
};

export type ContainerAction = 'create' | 'start' | 'die' | 'oom' | 'remove' | 'other';
export type ContainerEvent = {
  containerId: string;
  action: ContainerAction;
  at: number;
  /** Of the container, as it was made with. */
  labels: Readonly<Record<string, string>>;
  /** What a `die` ended with; null for anything else. */
  exitCode: number | null;
};

export type StoredVolume = { name: string; labels: Readonly<Record<string, string>> };

export type Created = {
  id: string;
  /** What the engine could not do as asked (for example a limit the kernel can't hold). */
  warnings: string[];
};

export type EngineOptions = {
  /** For one answer; pulls, stops and streams have their own. */
  callTimeoutMs?: number;
};

export type Engine = {
  kind: 'docker' | 'podman';
  describe(): Promise<EngineDescription>;
  /** Containers whose device label is `deviceId`, running or not, with every field drift looks at. */
  list(deviceId: string): Promise<ObservedContainer[]>;
  /** Fetches `name@sha256:…`; the engine checks the digest. */
  pull(reference: string, options: PullOptions): Promise<PresentImage>;
  /** Looks by manifest digest whatever name or port it was pulled under. */
  image(digestOrReference: string): Promise<PresentImage | null>;
  create(spec: ContainerSpec): Promise<Created>;
  start(id: string): Promise<void>;
  stop(id: string, options: { graceMs: number }): Promise<void>;
  /** Kills it if it runs; `volumes` are anonymous ones only, named volumes always stay. */
  remove(id: string, options: { volumes: boolean }): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  logs(id: string, options: LogOptions): Promise<LogLine[]>;
  followLogs(id: string, signal: AbortSignal): AsyncIterable<LogLine>;
  exec(
    id: string,
    argv: readonly string[],
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<{ exitCode: number; output: string }>;
  stats(ids: readonly string[]): Promise<ContainerStats[]>;
  /** Refuses (`volume-not-owned`) a volume of that name that bears another owner's labels or none. */
  ensureVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  removeVolume(name: string, deviceId: string): Promise<void>;
  listVolumes(deviceId: string): Promise<StoredVolume[]>;
  images(): Promise<StoredImage[]>;
  /** Takes away one reference (or an id that has at most one); the bytes go with the last one. */
  removeImage(reference: string): Promise<{ kind: 'removed' | 'absent' | 'in-use' }>;
  /**
   * Ends quietly when `signal` aborts and throws when the engine goes away. What happened before
   * `opened` is not told.
   */
  events(deviceId: string, signal: AbortSignal, opened?: () => void): AsyncIterable<ContainerEvent>;
  close(): Promise<void>;
};
