/** Uploaded images, as the console asks for them. */
import type { ArtifactImage, DownloadLink, StoredImage } from './image-types.ts';
import { collect } from './lists.ts';
import { type Ask, upload } from './request.ts';

const segment = encodeURIComponent;

export const imagesApi = (ask: Ask) => ({
  artifacts: async (): Promise<ArtifactImage[]> => {
    const answer = await ask<
      { images?: ArtifactImage[]; artifacts?: ArtifactImage[] } | ArtifactImage[]
    >('GET', '/api/artifacts');
    return Array.isArray(answer) ? answer : (answer.images ?? answer.artifacts ?? []);
  },
  images: () => collect<StoredImage>(ask, '/api/artifacts', 'images'),
  imageLink: ({ name, digest }: StoredImage) =>
    ask<DownloadLink>('POST', '/api/artifacts/links', { kind: 'image', name, digest }),
  uploadArchive: (
    name: string,
    file: File,
    onProgress: (sent: number, total: number) => void,
    signal: AbortSignal,
  ) =>
    upload<{ images: ArtifactImage[] }>(
      `/api/artifacts?name=${segment(name)}`,
      file,
      onProgress,
      signal,
    ),
});
