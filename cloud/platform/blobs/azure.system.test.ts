/** Blobs in Azure's own protocol, against Azurite. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, inject } from 'vitest';
import { openAzureBlobs } from './azure.ts';
import { describeBlobs } from './blobs.suite.ts';
import { createLinkSigner } from './links.ts';

const container = `test-${randomUUID()}`;

afterAll(async () => {
  const service = BlobServiceClient.fromConnectionString(inject('azuriteConnection'));
  await service.getContainerClient(container).deleteIfExists();
});

const links = createLinkSigner(Buffer.alloc(32, 1));

describeBlobs('azure', async () => {
  const connectionString = inject('azuriteConnection');
  return { blobs: await openAzureBlobs({ connectionString, container, links }), host: null };
});
