/**
 * What a bundle may ask of a device's host, beyond being well-formed: which registries its images come
 * from, which paths and ports of the host it may have, and how much of its memory and processors.
 * The installation sets one policy and each tenant another; what either refuses is refused, so a
 * tenant's narrows and never widens. Privileges, capabilities and the host's own namespaces are in no
 * policy: a manifest has no word for them. Pure.
 */
import { artifactHost, type ContainerManifest } from '@signalbeam/sync/core/manifest';
import { isCovered, isRegistryRule, registryOf } from './registry.ts';

export type HostPath = { path: string; writable: boolean };

export type BundlePolicy = {
  /** Registries images may come from, or parts of them; null allows any. Uploaded images always may. */
  registries: readonly string[] | null;
  /** Paths of the host that may be mounted, with everything below them; null: as the other policy says. */
  hostPaths: readonly HostPath[] | null;
  /** Ports of the host that may be taken; null allows any. */
  hostPorts: readonly { from: number; to: number }[] | null;
  /** Ports may be bound on the device itself only. */
  loopbackOnly: boolean;
  /** Every container must say how much memory and processor it may take. */
  limitsRequired: boolean;
  /** Of one container; null: no upper bound. Whoever names none takes what it likes unless required. */
  memoryBytesMax: number | null;
  cpusMax: number | null;
};

/** What a tenant has that never changed its policy: all that the installation allows. */
export const openPolicy: BundlePolicy = {
  registries: null,
  hostPaths: null,
  hostPorts: null,
  loopbackOnly: false,
  limitsRequired: false,
  memoryBytesMax: null,
  cpusMax: null,
};

/** The installation's policy, from its configuration: a host path is read-only unless `:rw` follows it. */
export const policyOf = (config: {
  imageRegistries: readonly string[] | null;
  hostPaths: readonly string[];
}): BundlePolicy => ({
  ...openPolicy,
  registries: config.imageRegistries,
  hostPaths: config.hostPaths.map((text) => {
    const writable = text.endsWith(':rw');
    return { path: writable ? text.slice(0, -':rw'.length) : text, writable };
  }),
});

export type ManifestError = { path: string; message: string };

/** `signalbeam.local/<name>@<digest>` → its name and digest, or null for other registries. */
export const uploadedImage = (reference: string): { name: string; digest: string } | null => {
  const prefix = `${artifactHost}/`;
  if (!reference.startsWith(prefix)) return null;
  const [name, digest] = reference.slice(prefix.length).split('@');
  return name === undefined || digest === undefined ? null : { name, digest };
};

const imageError = (image: string, policy: BundlePolicy): string | null => {
  if (uploadedImage(image) !== null) return null;
  const registry = registryOf(image);
  if (registry === artifactHost)
    return `uploaded images are written ${artifactHost}/<name>@<digest>`;
  if (policy.registries === null) return null;
  if (policy.registries.some((rule) => isCovered(image, rule))) return null;
  return `${image.split('@')[0]} of ${registry} is not allowed here (allowed: ${[artifactHost, ...policy.registries].join(', ')})`;
};

/** Why no image may come from there; null when one may. */
export const registryRefusal = (name: string, policies: readonly BundlePolicy[]): string | null => {
  for (const policy of policies) {
    const refused = imageError(name, policy);
    if (refused !== null) return refused;
  }
  return null;
};

const canonical = (path: string): boolean =>
  path === '/' || (!path.endsWith('/') && !path.includes('//') && !path.split('/').includes('.'));

const isWithin = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

const mountError = (
  mount: Extract<ContainerManifest['mounts'][number], { kind: 'bind' }>,
  policy: BundlePolicy,
): string | null => {
  const { hostPath } = mount;
  if (!canonical(hostPath)) return 'must be written without //, /./ and a final /';
  if (policy.hostPaths === null) return null;
  const allowed = policy.hostPaths.filter(({ path }) => isWithin(hostPath, path));
  if (allowed.length === 0) return `the host's ${hostPath} may not be mounted; use a volume`;
  if (!mount.readOnly && !allowed.some(({ writable }) => writable))
    return `the host's ${hostPath} may be mounted read-only`;
  return null;
};

const portErrors = (container: ContainerManifest, policy: BundlePolicy): ManifestError[] =>
  container.ports.flatMap(({ hostPort, hostAddress }, index): ManifestError[] => {
    const at = `ports[${index}]`;
    const { hostPorts, loopbackOnly } = policy;
    if (
      hostPorts !== null &&
      !hostPorts.some(({ from, to }) => hostPort >= from && hostPort <= to)
    ) {
      const ranges = hostPorts.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
      const allowed = ranges.length === 0 ? 'none' : ranges.join(', ');
      const message = `the host's port ${hostPort} may not be taken (allowed: ${allowed})`;
      return [{ path: `${at}.hostPort`, message }];
    }
    return loopbackOnly && !hostAddress.startsWith('127.')
      ? [{ path: `${at}.hostAddress`, message: 'must be 127.0.0.1: ports are not for others here' }]
      : [];
  });

const limitError = (
  value: number | null,
  max: number | null,
  required: boolean,
  unit: string,
): string | null => {
  if (value === null)
    return required ? `must be set (${max === null ? 'any' : `at most ${max}`} ${unit})` : null;
  return max !== null && value > max ? `may be at most ${max} ${unit}` : null;
};

const limitErrors = (container: ContainerManifest, policy: BundlePolicy): ManifestError[] => {
  const { limitsRequired, memoryBytesMax, cpusMax } = policy;
  const memory = limitError(container.memoryBytes, memoryBytesMax, limitsRequired, 'bytes');
  const cpus = limitError(container.cpus, cpusMax, limitsRequired, 'processors');
  return [
    ...(memory === null ? [] : [{ path: 'memoryBytes', message: memory }]),
    ...(cpus === null ? [] : [{ path: 'cpus', message: cpus }]),
  ];
};

const errorsOf = (container: ContainerManifest, policy: BundlePolicy): ManifestError[] => {
  const image = imageError(container.image, policy);
  return [
    ...(image === null ? [] : [{ path: 'image', message: image }]),
    ...container.mounts.flatMap((mount, index) => {
      const message = mount.kind === 'bind' ? mountError(mount, policy) : null;
      return message === null ? [] : [{ path: `mounts[${index}].hostPath`, message }];
    }),
    ...portErrors(container, policy),
    ...limitErrors(container, policy),
  ];
};

/** Everything that one of the policies refuses, once each at its path; empty when all may be released. */
export const policyErrors = (
  containers: readonly ContainerManifest[],
  policies: readonly BundlePolicy[],
): ManifestError[] =>
  containers.flatMap((container, index) => {
    const found = policies.flatMap((policy) => errorsOf(container, policy));
    return found
      .filter(({ path }, at) => found.findIndex((earlier) => earlier.path === path) === at)
      .map(({ path, message }) => ({ path: `containers[${index}].${path}`, message }));
  });

/** Why a tenant can't have this policy: it would allow what the installation does not, or means nothing. */
export const policyFaults = (wish: BundlePolicy, installation: BundlePolicy): ManifestError[] => [
  ...(wish.registries ?? []).flatMap((rule, index): ManifestError[] => {
    const path = `registries[${index}]`;
    if (!isRegistryRule(rule)) {
      return [{ path, message: 'must be a registry, such as ghcr.io or ghcr.io/acme' }];
    }
    return installation.registries?.some((allowed) => isCovered(`${rule}/x`, allowed)) === false
      ? [{ path, message: 'is not among those that this installation allows' }]
      : [];
  }),
  ...(wish.hostPaths ?? []).flatMap(({ path: hostPath, writable }, index): ManifestError[] => {
    const mount = { kind: 'bind', hostPath, containerPath: '/', readOnly: !writable } as const;
    const message = mountError(mount, installation);
    return message === null ? [] : [{ path: `hostPaths[${index}]`, message }];
  }),
  ...(wish.hostPorts ?? []).flatMap(({ from, to }, index) =>
    from <= to ? [] : [{ path: `hostPorts[${index}]`, message: 'ends before it begins' }],
  ),
];
