/**
 * What a bundle may ask of a device's host, beyond being well-formed: which registries its images
 * come from, and which paths of the host it may see. Denied unless allowed. Pure.
 */
import { artifactHost, type ContainerManifest } from '@signalbeam/sync/core/manifest';

export type BundlePolicy = {
  /** Registries images may come from; null allows any. Uploaded images are always allowed. */
  registries: readonly string[] | null;
  /** Paths of the host that may be mounted, with everything below them. */
  hostPaths: readonly { path: string; writable: boolean }[];
};

/** The policy from configuration: a host path is read-only unless `:rw` follows it. */
export const policyOf = (config: {
  imageRegistries: readonly string[] | null;
  hostPaths: readonly string[];
}): BundlePolicy => ({
  registries: config.imageRegistries,
  hostPaths: config.hostPaths.map((text) => {
    const writable = text.endsWith(':rw');
    return { path: writable ? text.slice(0, -':rw'.length) : text, writable };
  }),
});

export type ManifestError = { path: string; message: string };

/** Several names of one registry: an allow-list that knows only one of them would be no list. */
const aliases: Record<string, string> = {
  'index.docker.io': 'docker.io',
  'registry-1.docker.io': 'docker.io',
  'registry.hub.docker.com': 'docker.io',
};

/** The registry an engine would ask, in one spelling: without default port, final dot or alias. */
export const registryOf = (reference: string): string => {
  const first = reference.split('/')[0] ?? '';
  // Engines take a first part without dot or port as a name on Docker Hub.
  if (!/[.:]/.test(first) && first !== 'localhost') return 'docker.io';
  const host = first.toLowerCase().replace(/:443$/, '').replace(/\.$/, '');
  return aliases[host] ?? host;
};

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
  if (policy.registries.some((allowed) => registryOf(`${allowed}/x`) === registry)) return null;
  return `images from ${registry} are not allowed here (allowed: ${[artifactHost, ...policy.registries].join(', ')})`;
};

const canonical = (path: string): boolean =>
  path === '/' || (!path.endsWith('/') && !path.includes('//') && !path.split('/').includes('.'));

const mountError = (
  mount: Extract<ContainerManifest['mounts'][number], { kind: 'bind' }>,
  policy: BundlePolicy,
): string | null => {
  const { hostPath } = mount;
  if (!canonical(hostPath)) return 'must be written without //, /./ and a final /';
  const allowed = policy.hostPaths.find(
    ({ path }) => hostPath === path || hostPath.startsWith(`${path}/`),
  );
  if (allowed === undefined) return `the host's ${hostPath} may not be mounted; use a volume`;
  if (!allowed.writable && !mount.readOnly)
    return `the host's ${hostPath} may be mounted read-only`;
  return null;
};

/** Everything the policy refuses, each at its path; empty when the bundle may be released. */
export const policyErrors = (
  containers: readonly ContainerManifest[],
  policy: BundlePolicy,
): ManifestError[] =>
  containers.flatMap((container, index) => {
    const at = `containers[${index}]`;
    const image = imageError(container.image, policy);
    const errors: ManifestError[] = image === null ? [] : [{ path: `${at}.image`, message: image }];
    for (const [mountIndex, mount] of container.mounts.entries()) {
      const message = mount.kind === 'bind' ? mountError(mount, policy) : null;
      if (message !== null) errors.push({ path: `${at}.mounts[${mountIndex}].hostPath`, message });
    }
    return errors;
  });
