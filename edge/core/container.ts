/**
 * What the agent wants of one container and what an engine says of one: the two sides that
 * reconcile compares. Both engines translate to and from these shapes; nothing engine-specific
 * may appear here. Pure data.
 */
import type { SealedSecret } from '@signalbeam/sync/core/manifest';

/** Labels that mark what this agent owns. Everything without its own device id is invisible to it. */
export const labels = {
  device: 'io.signalbeam.device',
  bundle: 'io.signalbeam.bundle',
  version: 'io.signalbeam.version',
  container: 'io.signalbeam.container',
  /** Hash of the whole spec: another hash is drift or an update. */
  spec: 'io.signalbeam.spec',
  /** Digest of the image manifest that the spec asks for. */
  image: 'io.signalbeam.image',
  /** The variables that hold secrets: their values are never read back. */
  secrets: 'io.signalbeam.secrets',
} as const;

/** The variables that a container's label says hold secrets. */
export const secretVariables = (own: Readonly<Record<string, string>>): string[] =>
  (own[labels.secrets] ?? '').split(',').filter((variable) => variable !== '');

export type PortMapping = {
  containerPort: number;
  hostPort: number;
  protocol: 'tcp' | 'udp';
  /** Address of the host to bind; 0.0.0.0 unless the bundle says otherwise. */
  hostAddress: string;
};

export type Mount =
  | { kind: 'volume'; name: string; containerPath: string; readOnly: boolean }
  | { kind: 'bind'; hostPath: string; containerPath: string; readOnly: boolean };

export type RestartPolicy = 'no' | 'on-failure' | 'unless-stopped' | 'always';

/** A variable to be filled when the container is made; null where no secret of the name came. */
export type SecretVariable = { variable: string; name: string; sealed: SealedSecret | null };

/** A file to be placed before the container is made; null where no secret of the name came. */
export type SecretFile = { path: string; name: string; sealed: SealedSecret | null };

/** What to create. `name` is unique on the host; `image` is a pullable reference by digest. */
export type ContainerSpec = {
  name: string;
  image: string;
  /** Empty means the image's own. */
  entrypoint: readonly string[];
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Absent where there are none. Whoever creates it opens them; engines are given the values. */
  secrets?: readonly SecretVariable[];
  /** Likewise; engines are given mounts of the files, read-only. */
  secretFiles?: readonly SecretFile[];
  ports: readonly PortMapping[];
  mounts: readonly Mount[];
  restart: RestartPolicy;
  resources: { memoryBytes?: number; cpus?: number };
  labels: Readonly<Record<string, string>>;
};

/** What an engine says of a container that bears our labels. */
export type ObservedContainer = {
  id: string;
  name: string;
  /** Manifest digest (`sha256:…`) of the image it runs, empty when the engine can't say. */
  imageDigest: string;
  imageId: string;
  state: 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'dead';
  exitCode: number | null;
  restartCount: number;
  startedAt: number | null;
  /** When it last stopped running, by the engine's clock. */
  finishedAt: number | null;
  /** The kernel killed it for memory: the reason a person looks for first. */
  oomKilled: boolean;
  /** Address on the engine's own network, empty when it has none or the host can't reach it. */
  address: string;
  labels: Readonly<Record<string, string>>;
  /**
   * What the image itself would run. A spec with an empty entrypoint wants `imageDefaults.entrypoint`;
   * with an empty command too it wants `imageDefaults.command`. An entrypoint that the spec sets
   * drops the image's command on both engines.
   */
  imageDefaults: { entrypoint: readonly string[]; command: readonly string[] };
  /** Field by field as the engine reports it, for drift: only what a spec can set. */
  entrypoint: readonly string[];
  command: readonly string[];
  /** Includes variables of the image; drift looks only at those that the spec sets. Secrets are empty. */
  environment: Readonly<Record<string, string>>;
  ports: readonly PortMapping[];
  mounts: readonly Mount[];
  restart: RestartPolicy;
  resources: { memoryBytes?: number; cpus?: number };
};

/**
 * The container that people mean by a name: the one that runs, else the one that ran last. An update
 * keeps the old one beside the new for a while.
 */
export const chooseNamed = (
  containers: readonly ObservedContainer[],
  name: string,
  bundleId: string | null,
): ObservedContainer | null => {
  const named = containers
    .filter(
      (each) =>
        (each.labels[labels.container] === name || each.name === name) &&
        (bundleId === null || each.labels[labels.bundle] === bundleId),
    )
    .toSorted((one, other) => (other.startedAt ?? 0) - (one.startedAt ?? 0));
  return named.find(({ state }) => state === 'running') ?? named[0] ?? null;
};
