/** Bundles, their versions and images, as the console asks for them. */
import type { ContainerManifest } from '@signalbeam/sync/core/manifest';
import { collect, whole } from './lists.ts';
import type { Ask, FieldError } from './request.ts';
import type { NewSecret, Secret } from './secret-types.ts';
import type {
  AssignedDevice,
  Bundle,
  BundlePolicy,
  BundleVersion,
  ComposeFault,
  ImageTag,
  PolicyRules,
  VersionDiff,
} from './types.ts';

const segment = encodeURIComponent;
const subjectPath = (id: string, version: string | null): string =>
  `/api/bundles/${segment(id)}${version === null ? '' : `/versions/${segment(version)}`}`;

export const bundlesApi = (ask: Ask) => ({
  bundles: () => whole<Bundle>(ask, '/api/bundles', 'bundles'),
  bundle: (id: string) => ask<Bundle>('GET', `/api/bundles/${segment(id)}`),
  createBundle: (name: string, description: string) =>
    ask<Bundle>(
      'POST',
      '/api/bundles',
      description.trim() === '' ? { name } : { name, description },
    ),
  changeBundle: (read: Bundle, change: { name?: string; description?: string }) =>
    ask<Bundle>('PATCH', `/api/bundles/${segment(read.id)}`, change, {
      ...{ read, target: `bundle:${read.id}` },
    }),
  /** Of one version, or of the whole bundle. */
  deprecate: (id: string, version: string | null, reason: string) =>
    ask<unknown>('PUT', `${subjectPath(id, version)}/deprecation`, { reason }),
  undeprecate: (id: string, version: string | null) =>
    ask<unknown>('DELETE', `${subjectPath(id, version)}/deprecation`),
  removeBundle: (id: string, version: string | null) =>
    ask<null>('DELETE', subjectPath(id, version)),
  bundleDevices: (id: string, cursor: string | null) =>
    ask<{ devices: AssignedDevice[]; nextCursor: string | null }>(
      'GET',
      `/api/bundles/${segment(id)}/devices?limit=50${cursor === null ? '' : `&cursor=${segment(cursor)}`}`,
    ),
  versionDiff: (id: string, from: string, to: string) =>
    ask<VersionDiff>('GET', `${subjectPath(id, to)}/diff?from=${segment(from)}`),
  resolveTags: async (images: readonly string[]) =>
    (await ask<{ images: ImageTag[] }>('POST', '/api/bundles/image-tags', { images })).images,
  /** `images`: what its tags stand for. */
  readCompose: (compose: string, images: Readonly<Record<string, string>>) =>
    ask<{ valid: boolean; errors: ComposeFault[]; containers?: ContainerManifest[] }>(
      'POST',
      '/api/bundles/validate/compose',
      { compose, images },
    ),
  secrets: () => collect<Secret>(ask, '/api/secrets', 'secrets'),
  createSecret: (wish: NewSecret) => ask<Secret>('POST', '/api/secrets', wish),
  rotateSecret: (id: string, value: string, overMinutes: number) =>
    ask<Secret>('PUT', `/api/secrets/${segment(id)}`, { value, overMinutes }),
  deleteSecret: (id: string) => ask<null>('DELETE', `/api/secrets/${segment(id)}`),
  policy: () => ask<BundlePolicy>('GET', '/api/bundle-policy'),
  changePolicy: (read: BundlePolicy, rules: PolicyRules, tenantId: string) =>
    ask<BundlePolicy>('PATCH', '/api/bundle-policy', rules, {
      ...{ read, target: `bundle-policy:${tenantId}` },
    }),
  versions: (id: string) =>
    whole<BundleVersion>(ask, `/api/bundles/${segment(id)}/versions`, 'versions'),
  version: (id: string, version: string) =>
    ask<BundleVersion>('GET', `/api/bundles/${segment(id)}/versions/${segment(version)}`),
  publish: (id: string, version: string, containers: unknown, releaseNotes: string) =>
    ask<BundleVersion>('POST', `/api/bundles/${segment(id)}/versions`, {
      version,
      containers,
      ...(releaseNotes.trim() === '' ? {} : { releaseNotes }),
    }),
  validate: (containers: unknown) =>
    ask<{ valid: boolean; errors: FieldError[]; containers?: ContainerManifest[] }>(
      'POST',
      '/api/bundles/validate',
      { containers },
    ),
});
