/** Uploaded images, as the API answers them. */
import type { Instant } from './types.ts';

export type ArtifactImage = {
  reference: string;
  sizeBytes: number;
  tags: string[];
  createdAt?: Instant;
};

/** An image as the list of them shows it. */
export type StoredImage = ArtifactImage & {
  name: string;
  digest: string;
  platforms: string[];
  createdAt: Instant;
  createdBy: string;
};

export type DownloadLink = { url: string; expiresAt: Instant; fileName: string; sizeBytes: number };
