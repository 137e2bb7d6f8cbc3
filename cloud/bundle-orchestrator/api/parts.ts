/** What the routes of this service work with. */
import type { LinkSigner } from '@signalbeam/platform/blobs/links';
import type { Blobs } from '@signalbeam/platform/blobs/port';
import type { Aside } from '@signalbeam/platform/cache/aside';
import type { Kek } from '@signalbeam/platform/keys/kek';
import type { Reach } from '@signalbeam/platform/outside/reach';
import type { Uploader } from '../artifacts/upload.ts';
import type { PartUploads } from '../artifacts/upload-parts.ts';
import type { BundlePolicy } from '../core/policy.ts';
import type { Workshop } from '../desired/workshop.ts';

export type Parts = Workshop & {
  /** The installation's. */
  policy: BundlePolicy;
  blobs: Blobs;
  upload: Uploader;
  uploads: PartUploads;
  aside: Aside;
  /** Signs what may be downloaded for a while. */
  links: LinkSigner;
  /** Where people reach the API; null when it was not said. */
  publicUrl: string | null;
  /** What secrets rest under. */
  kek: Kek;
  /** Where registries may be that are asked for a tenant. */
  registryReach: Reach;
};
