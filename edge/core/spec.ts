/**
 * From a released manifest to the containers it means on this device. The name holds a hash of
 * everything that matters, so an unchanged container survives an update of its bundle and a
 * changed one can be made beside the old one before that stops.
 */
import {
  artifactHost,
  type ContainerManifest,
  type Release,
  type SealedSecret,
} from '@signalbeam/sync/core/manifest';
import {
  type ContainerSpec,
  labels,
  type Mount,
  type SecretFile,
  type SecretVariable,
} from './container.ts';
import { inDependencyOrder } from './dependencies.ts';

export type PlannedContainer = {
  spec: ContainerSpec;
  manifest: ContainerManifest;
  /** As the manifest names it. */
  reference: string;
  imageDigest: string;
};

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 30) || 'bundle';

export const imageDigestOf = (reference: string): string =>
  reference.slice(reference.indexOf('@') + 1);

export const isArtifact = (reference: string): boolean => reference.startsWith(`${artifactHost}/`);

/** Where the engine pulls it from: uploaded images come from the agent's own loopback endpoint. */
export const pullSource = (reference: string, registryPort: number): string =>
  isArtifact(reference)
    ? `127.0.0.1:${registryPort}${reference.slice(artifactHost.length)}`
    : reference;

/**
 * What a container is made of. When it starts is no part of it: another order makes no container
 * again, and one that was made before there was an order stays the same. Another value of a secret
 * is another container; the same one sealed afresh is not.
 */
const madeOf = (
  { dependsOn: _, secretEnvironment, secretFiles, ...made }: ContainerManifest,
  secrets: readonly SecretVariable[],
  files: readonly SecretFile[],
): object => ({
  ...made,
  ...(secrets.length === 0
    ? {}
    : { secretEnvironment, revisions: secrets.map(({ sealed }) => sealed?.revision) }),
  ...(files.length === 0
    ? {}
    : { secretFiles, fileRevisions: files.map(({ sealed }) => sealed?.revision) }),
});

const secretsOf = (
  { secretEnvironment }: ContainerManifest,
  came: readonly SealedSecret[],
): SecretVariable[] =>
  Object.entries(secretEnvironment).map(([variable, name]) => ({
    variable,
    name,
    sealed: came.find((secret) => secret.name === name) ?? null,
  }));

const filesOf = ({ secretFiles }: ContainerManifest, came: readonly SealedSecret[]): SecretFile[] =>
  Object.entries(secretFiles).map(([path, name]) => ({
    path,
    name,
    sealed: came.find((secret) => secret.name === name) ?? null,
  }));

/** Volumes belong to the bundle, not to its version: data survives updates. */
const mountOf = (prefix: string, mount: ContainerManifest['mounts'][number]): Mount =>
  mount.kind === 'bind' ? mount : { ...mount, name: `${prefix}-${mount.name}` };

/** In the order in which they start. */
export const planContainers = (
  release: Release,
  context: {
    deviceId: string;
    registryPort: number;
    hash: (text: string) => string;
    secrets?: readonly SealedSecret[] | undefined;
  },
): PlannedContainer[] => {
  const prefix = `sb-${context.deviceId.slice(0, 8)}-${slug(release.bundleName)}`;
  return inDependencyOrder(release.containers).map((manifest) => {
    const imageDigest = imageDigestOf(manifest.image);
    const secrets = secretsOf(manifest, context.secrets ?? []);
    const secretFiles = filesOf(manifest, context.secrets ?? []);
    const made = madeOf(manifest, secrets, secretFiles);
    const spec = context.hash(JSON.stringify([release.bundleId, made])).slice(0, 16);
    const variables = secrets.map(({ variable }) => variable).join(',');
    return {
      manifest,
      reference: manifest.image,
      imageDigest,
      spec: {
        name: `${prefix}-${manifest.name}-${spec.slice(0, 8)}`,
        image: pullSource(manifest.image, context.registryPort),
        entrypoint: manifest.entrypoint,
        command: manifest.command,
        environment: manifest.environment,
        ...(secrets.length === 0 ? {} : { secrets }),
        ...(secretFiles.length === 0 ? {} : { secretFiles }),
        ports: manifest.ports,
        mounts: manifest.mounts.map((mount) => mountOf(prefix, mount)),
        restart: manifest.restart,
        resources: {
          ...(manifest.memoryBytes === null ? {} : { memoryBytes: manifest.memoryBytes }),
          ...(manifest.cpus === null ? {} : { cpus: manifest.cpus }),
        },
        labels: {
          [labels.device]: context.deviceId,
          [labels.bundle]: release.bundleId,
          [labels.version]: release.version,
          [labels.container]: manifest.name,
          [labels.spec]: spec,
          [labels.image]: imageDigest,
          ...(secrets.length === 0 ? {} : { [labels.secrets]: variables }),
        },
      },
    };
  });
};
