/**
 * What a bundle version says: containers, exactly as they shall run. Immutable once released.
 * No optional fields: what the publisher left out is written as its default when the version is
 * made, so that two readers can never fill a gap differently.
 */
import type { Window } from './windows.ts';

export type HealthCheck = {
  /** Between two probes, and how long one may take. */
  intervalMs: number;
  timeoutMs: number;
  /** Consecutive failures that make it unhealthy once the start period is over. */
  retries: number;
  /** Failures in this time after the start do not count. */
  startPeriodMs: number;
  /** It must stay healthy this long before the version is confirmed. */
  soakMs: number;
  probe:
    | { kind: 'http'; port: number; path: string; expectStatus: number }
    | { kind: 'tcp'; port: number }
    | { kind: 'exec'; command: string[] };
};

export type ContainerManifest = {
  /** Unique in the bundle, `[a-z0-9-]`. */
  name: string;
  /** An OCI reference by digest. `signalbeam.local/…` means uploaded to this platform. */
  image: string;
  /** Empty means the image's own. */
  entrypoint: string[];
  command: string[];
  environment: Record<string, string>;
  ports: {
    containerPort: number;
    hostPort: number;
    protocol: 'tcp' | 'udp';
    hostAddress: string;
  }[];
  mounts: (
    | { kind: 'volume'; name: string; containerPath: string; readOnly: boolean }
    | { kind: 'bind'; hostPath: string; containerPath: string; readOnly: boolean }
  )[];
  restart: 'no' | 'on-failure' | 'unless-stopped' | 'always';
  memoryBytes: number | null;
  cpus: number | null;
  stopGraceMs: number;
  healthCheck: HealthCheck | null;
  /** Containers of this bundle that must be up, and healthy if they have a check, before it starts. */
  dependsOn: string[];
  /** Variables whose values are secrets of the tenant, by the secret's name. No value is in a release. */
  secretEnvironment: Record<string, string>;
  /** Files, by their path in the container, whose content is a secret of the tenant, by its name. */
  secretFiles: Record<string, string>;
};

/** One blob of an uploaded image, as the signed release names it. */
export type ReleaseBlob = { digest: string; sizeBytes: number; mediaType: string };

/** A released bundle version: the only thing a device accepts code from. */
export type Release = {
  tenantId: string;
  bundleId: string;
  bundleName: string;
  version: string;
  containers: ContainerManifest[];
  /** For each `signalbeam.local` image reference: every blob needed, manifest first. */
  images: { reference: string; blobs: ReleaseBlob[] }[];
  createdAt: string;
};

/** One bundle on one device. */
export type Slot = {
  bundleId: string;
  bundleName: string;
  version: string;
  /** `sha256:…` of the signed release envelope's bytes. */
  releaseDigest: string;
  /** The rollout that put it there, if one did; reports repeat it. */
  rolloutId: string | null;
  /** The generation at which this slot was last asked for; a retry raises it, other slots don't. */
  requestedGeneration: number;
  /** When it may take over here; fetched it is before. Absent means at any time. */
  windows?: readonly Window[] | undefined;
  /** What its containers name, sealed to this one device. Absent where they name none. */
  secrets?: readonly SealedSecret[] | undefined;
};

/** A secret's value that only the device it was sealed to can open. */
export type SealedSecret = {
  name: string;
  /** Which secret, and which of its values: another one is another container. */
  revision: string;
  /** X25519, made for this box alone; raw, in base64. */
  ephemeralKey: string;
  box: string;
};

/** What the cloud wants of one device. `generation` only grows; the highest one wins. */
export type Desired = {
  tenantId: string;
  deviceId: string;
  generation: number;
  issuedAt: string;
  /**
   * Past this no new version is started from it; what runs, runs. The cloud signs it afresh long
   * before. Absent in those that were signed before there was an end.
   */
  expiresAt?: string | undefined;
  slots: Slot[];
};

/** The host name that marks images uploaded to this platform. */
export const artifactHost = 'signalbeam.local';
