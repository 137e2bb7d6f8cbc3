/**
 * Blobs in an Azure container. Content is staged in blocks and becomes visible by one commit after
 * its digest was checked, so a reader never sees a part; uncommitted blocks Azure drops itself.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  BlobSASPermissions,
  BlobServiceClient,
  type BlockBlobClient,
  RestError,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type Blobs, digestHex, resolveRange } from './port.ts';
import { verified } from './verify.ts';

const blockBytes = 8 * 1024 * 1024;
const prefix = 'sha256/';

const isMissing = (error: unknown): boolean =>
  error instanceof RestError && error.statusCode === 404;

const explain = (error: unknown): unknown =>
  error instanceof RestError
    ? new FleetError('blob-store-unavailable', 'The blob storage refused or did not answer.', {
        cause: error,
        next: 'Try again in a few seconds.',
      })
    : error;

/** Joins chunks into blocks of one size; Azure counts blocks, 50,000 at most. */
async function* blocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of source) {
    held.push(chunk);
    heldBytes += chunk.byteLength;
    if (heldBytes < blockBytes) continue;
    yield Buffer.concat(held);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

const upload = async (blob: BlockBlobClient, source: AsyncIterable<Uint8Array>): Promise<void> => {
  const ids: string[] = [];
  // Two uploads of one blob must not mix their blocks: ids bear the upload's own name.
  const name = randomUUID();
  for await (const block of blocks(source)) {
    const id = Buffer.from(`${name}-${String(ids.length).padStart(6, '0')}`).toString('base64');
    await blob.stageBlock(id, block, block.byteLength);
    ids.push(id);
  }
  await blob.commitBlockList(ids);
};

const sizeOf = async (blob: BlockBlobClient): Promise<number | null> => {
  try {
    return (await blob.getProperties()).contentLength ?? null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw explain(error);
  }
};

/** For reading this one blob, which the browser saves whatever it is. */
const sharedAccess = (blob: BlockBlobClient, expiresAtMs: number): Promise<string> =>
  blob.generateSasUrl({
    permissions: BlobSASPermissions.from({ read: true }),
    expiresOn: new Date(expiresAtMs),
    contentDisposition: 'attachment',
    contentType: 'application/octet-stream',
  });

export const openAzureBlobs = async (options: {
  connectionString: string;
  container?: string;
}): Promise<Blobs> => {
  const service = BlobServiceClient.fromConnectionString(options.connectionString, {
    retryOptions: { maxTries: 3, tryTimeoutInMs: 60_000, retryDelayInMs: 200 },
  });
  const container = service.getContainerClient(options.container ?? 'signalbeam');
  await container.createIfNotExists().catch((error) => {
    throw explain(error);
  });
  const blobOf = (digest: string) => container.getBlockBlobClient(`${prefix}${digestHex(digest)}`);
  return {
    put: async (digest, sizeBytes, source) => {
      const blob = blobOf(digest);
      if ((await sizeOf(blob)) === sizeBytes) return;
      try {
        await upload(blob, verified(source, digest, sizeBytes));
      } catch (error) {
        // Another upload of the same blob committed first, which drops our blocks.
        const lost = error instanceof RestError && error.code === 'InvalidBlockList';
        if (lost && (await sizeOf(blob)) === sizeBytes) return;
        throw explain(error);
      }
    },
    get: async (digest, range) => {
      const blob = blobOf(digest);
      const sizeBytes = await sizeOf(blob);
      if (sizeBytes === null) return null;
      const resolved = resolveRange(range, sizeBytes);
      const count = resolved.end - resolved.start + 1;
      if (count <= 0) return { stream: new Blob([]).stream(), sizeBytes, range: resolved };
      const response = await blob.download(resolved.start, count).catch((error) => {
        throw explain(error);
      });
      const body = response.readableStreamBody;
      if (body === undefined) throw new Error('a download without a body');
      const stream = Readable.toWeb(body as Readable) as ReadableStream<Uint8Array>;
      return { stream, sizeBytes, range: resolved };
    },
    head: async (digest) => {
      const sizeBytes = await sizeOf(blobOf(digest));
      return sizeBytes === null ? null : { sizeBytes };
    },
    presigned: async (digest, expiresAtMs) => {
      const blob = blobOf(digest);
      // A connection without the account's key can't sign for Azure; then our own service answers.
      return service.credential instanceof StorageSharedKeyCredential
        ? sharedAccess(blob, expiresAtMs)
        : null;
    },
    delete: async (digest) => {
      await blobOf(digest).deleteIfExists();
    },
    list: async function* () {
      for await (const { name, properties } of container.listBlobsFlat({ prefix })) {
        yield {
          digest: `sha256:${name.slice(prefix.length)}`,
          sizeBytes: properties.contentLength ?? 0,
          storedAtMs: properties.lastModified.getTime(),
        };
      }
    },
  };
};
