/**
 * Judges what a publisher wants to release: its shape, the policies of the installation and of the
 * tenant, and whether the uploaded images it names are there. Whoever makes a version, by whatever way
 * its words came, asks here. Every finding has a path, so an editor can show it at its field.
 */
import { fieldErrors } from '@signalbeam/platform/http/app';
import type { FieldError } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { ContainerManifest, Release } from '@signalbeam/sync/core/manifest';
import { containersSchema } from '@signalbeam/sync/wire/manifest';
import { z } from 'zod';
import { type BundlePolicy, policyErrors, uploadedImage } from '../core/policy.ts';
import { blobsOfImages, referenceOf } from '../store/artifacts.ts';
import { findPolicy } from '../store/policies.ts';

export type Checked =
  | { kind: 'accepted'; containers: ContainerManifest[]; images: Release['images'] }
  | { kind: 'refused'; errors: FieldError[] };

const manifest = z.strictObject({ containers: containersSchema });

const distinctUploads = (containers: readonly ContainerManifest[]) => [
  ...new Map(
    containers.flatMap(({ image }) => {
      const uploaded = uploadedImage(image);
      return uploaded === null ? [] : [[image, uploaded] as const];
    }),
  ).values(),
];

export const checkContainers = async (
  sql: Sql,
  containers: unknown,
  { tenantId, installation }: { tenantId: string; installation: BundlePolicy },
): Promise<Checked> => {
  const parsed = manifest.safeParse({ containers });
  if (!parsed.success) return { kind: 'refused', errors: fieldErrors(parsed.error) };
  const accepted = parsed.data.containers;
  const policies = [installation, await findPolicy(sql, tenantId)];
  const errors: FieldError[] = policyErrors(accepted, policies);
  const uploads = distinctUploads(accepted);
  const found = await blobsOfImages(sql, uploads);
  for (const [index, { image }] of accepted.entries()) {
    const uploaded = uploadedImage(image);
    if (uploaded === null || found.has(`${uploaded.name}@${uploaded.digest}`)) continue;
    errors.push({
      path: `containers[${index}].image`,
      message: 'was not uploaded here: there is no such image',
    });
  }
  if (errors.length > 0) return { kind: 'refused', errors };
  const images = uploads.map(({ name, digest }) => ({
    reference: referenceOf(name, digest),
    blobs: found.get(`${name}@${digest}`) ?? [],
  }));
  return { kind: 'accepted', containers: accepted, images };
};
