/** Blobs in Azure's own protocol, against Azurite. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, expect, inject, it } from 'vitest';
import { openAzureBlobs } from './azure.ts';
import { describeBlobs } from './blobs.suite.ts';
import { openLinkedBlob } from './open-link.ts';

const container = `test-${randomUUID()}`;

afterAll(async () => {
  const service = BlobServiceClient.fromConnectionString(inject('azuriteConnection'));
  await service.getContainerClient(container).deleteIfExists();
});

describeBlobs('azure', async () => {
  const connectionString = inject('azuriteConnection');
  return { blobs: await openAzureBlobs({ connectionString, container }), presigns: true };
});

it('a link that is opened leads to the storage for a minute', async () => {
  const blobs = await openAzureBlobs({
    ...{ connectionString: inject('azuriteConnection'), container },
  });
  const bytes = randomBytes(3_000);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await blobs.put(
    digest,
    bytes.byteLength,
    (async function* () {
      yield bytes;
    })(),
  );
  const now = () => Date.now();
  const asked = { isHead: false, header: () => undefined };
  const answer = await openLinkedBlob({ blobs, now }, digest, asked);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([307, 'no-store']);
  const location = answer.headers.get('location') ?? '';
  const endsAt = Date.parse(new URL(location).searchParams.get('se') ?? '');
  expect(endsAt).toBeLessThanOrEqual(now() + 60_000);
  expect(Buffer.from(await (await fetch(location)).arrayBuffer()).equals(bytes)).toBe(true);
  const past = await openLinkedBlob({ blobs, now: () => now() - 120_000 }, digest, asked);
  expect((await fetch(past.headers.get('location') ?? '')).status).toBe(403);
});
