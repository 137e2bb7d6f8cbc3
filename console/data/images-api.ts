/** Uploaded images, as the console asks for them. */
import type { ArtifactImage, DownloadLink, StoredImage } from './image-types.ts';
import { collect } from './lists.ts';
import type { Ask } from './request.ts';
import { type UploadState, type UploadWatch, uploadInParts, uploadPath } from './upload-parts.ts';

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
  /** `name` null: what the archive calls it. */
  uploadArchive: (file: File, name: string | null, watch: UploadWatch) =>
    uploadInParts(ask, file, name, watch),
  uploadState: (id: string) => ask<UploadState>('GET', uploadPath(id)),
  giveUpUpload: (id: string) => ask<null>('DELETE', uploadPath(id)),
});
