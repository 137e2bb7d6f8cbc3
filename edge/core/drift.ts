/**
 * How a container differs from its spec, field by field, in the fields that a spec can set.
 * Variables that the image brings and the engine's own additions are not drift. Pure.
 */
import type { ContainerSpec, Mount, ObservedContainer, PortMapping } from './container.ts';
import type { LimitSupport } from './held-limits.ts';

export type DriftField =
  | 'image'
  | 'command'
  | 'environment'
  | 'ports'
  | 'mounts'
  | 'restart'
  | 'resources';

const sameSet = <T>(
  left: readonly T[],
  right: readonly T[],
  keyOf: (item: T) => string,
): boolean => {
  if (left.length !== right.length) return false;
  if (left.length === 0) return true;
  const [only, other] = [left[0] as T, right[0] as T];
  if (left.length === 1) return keyOf(only) === keyOf(other);
  const keys = (of: readonly T[]): string => of.map(keyOf).sort().join('\n');
  return keys(left) === keys(right);
};

const portKey = (port: PortMapping): string =>
  `${port.hostAddress}:${port.hostPort}:${port.containerPort}/${port.protocol}`;

const mountKey = (mount: Mount): string =>
  mount.kind === 'volume'
    ? `volume:${mount.name}:${mount.containerPath}:${mount.readOnly}`
    : `bind:${mount.hostPath}:${mount.containerPath}:${mount.readOnly}`;

/** What is empty in the spec is the image's own; a spec's entrypoint drops the image's command. */
const sameCommand = (spec: ContainerSpec, observed: ObservedContainer): boolean => {
  const { imageDefaults } = observed;
  const ownEntrypoint = spec.entrypoint.length > 0;
  const entrypoint = ownEntrypoint ? spec.entrypoint : imageDefaults.entrypoint;
  const fallback = ownEntrypoint ? [] : imageDefaults.command;
  const command = spec.command.length > 0 ? spec.command : fallback;
  const same = (left: readonly string[], right: readonly string[]) =>
    left.join('\0') === right.join('\0');
  return same(entrypoint, observed.entrypoint) && same(command, observed.command);
};

/** Which value a secret has is part of the container's name, so here it must only be there. */
const sameEnvironment = (spec: ContainerSpec, observed: ObservedContainer): boolean =>
  Object.entries(spec.environment).every(([name, value]) => observed.environment[name] === value) &&
  (spec.secrets ?? []).every(({ variable }) => Object.hasOwn(observed.environment, variable));

/**
 * Where a secret's file lies on the host is the agent's own affair: it must be mounted, read-only. Which
 * value it has is part of the container's name.
 */
const sameMounts = (
  { mounts, secretFiles = [] }: ContainerSpec,
  seen: readonly Mount[],
): boolean => {
  if (secretFiles.length === 0) return sameSet(mounts, seen, mountKey);
  const isFile = ({ containerPath }: Mount): boolean =>
    secretFiles.some(({ path }) => path === containerPath);
  const files = seen.filter(isFile);
  return (
    files.length === secretFiles.length &&
    files.every(({ kind, readOnly }) => kind === 'bind' && readOnly) &&
    sameSet(
      mounts,
      seen.filter((mount) => !isFile(mount)),
      mountKey,
    )
  );
};

/** CPU shares round to hundredths in both engines; a limit the host can't hold is reported absent. */
const sameResources = (
  spec: ContainerSpec,
  observed: ObservedContainer,
  limits: LimitSupport,
): boolean => {
  const memory = !limits.memory || spec.resources.memoryBytes === observed.resources.memoryBytes;
  const wanted = spec.resources.cpus ?? 0;
  const cpu = !limits.cpu || Math.abs(wanted - (observed.resources.cpus ?? 0)) < 0.01;
  return memory && cpu;
};

/** Empty when the container is what the spec says. `imageDigest` is the manifest's. */
export const driftOf = (
  spec: ContainerSpec,
  imageDigest: string,
  observed: ObservedContainer,
  limits: LimitSupport,
): DriftField[] => {
  const same: Record<DriftField, boolean> = {
    image: observed.imageDigest === '' || observed.imageDigest === imageDigest,
    command: sameCommand(spec, observed),
    environment: sameEnvironment(spec, observed),
    ports: sameSet(spec.ports, observed.ports, portKey),
    mounts: sameMounts(spec, observed.mounts),
    restart: spec.restart === observed.restart,
    resources: sameResources(spec, observed, limits),
  };
  return (Object.keys(same) as DriftField[]).filter((field) => !same[field]);
};
