/**
 * Names of images that were uploaded to this platform, and the same image by the name under which
 * this device's engine pulls it from the agent's own endpoint.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { artifactHost } from '@signalbeam/sync/core/manifest';

/** A repository name as the OCI distribution specification has it. */
export const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export type UploadedReference = { name: string; digest: string };

/** Null when the image lives in an ordinary registry. */
export const parseUploaded = (reference: string): UploadedReference | null => {
  if (!reference.startsWith(`${artifactHost}/`)) return null;
  const [name = '', digest = ''] = reference.slice(artifactHost.length + 1).split('@');
  const valid =
    name.length <= 255 && repositoryPattern.test(name) && /^sha256:[0-9a-f]{64}$/.test(digest);
  if (valid) return { name, digest };
  throw new FleetError(
    'image-reference-invalid',
    `"${reference.slice(0, 200)}" is no image reference by digest.`,
    {
      next: `Write it as ${artifactHost}/<name>@sha256:<64 hex digits>.`,
    },
  );
};

/** `signalbeam.local/web@sha256:…` → `127.0.0.1:<port>/web@sha256:…`; other references as they are. */
export const toLocalReference = (reference: string, port: number): string => {
  const uploaded = parseUploaded(reference);
  return uploaded ? `127.0.0.1:${port}/${uploaded.name}@${uploaded.digest}` : reference;
};
