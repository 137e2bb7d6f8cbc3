/** Blobs in Azure's own protocol, against Azurite. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, inject } from 'vitest';
import { openAzureBlobs } from './azure.ts';
import { describeBlobs } from './blobs.suite.ts';

const container = `test-${randomUUID()}`;

afterAll(async () => {
  const service = BlobServiceClient.fromConnectionString(inject('azuriteConnection'));
  await service.getContainerClient(container).deleteIfExists();
});

describeBlobs('azure', async () => {
  const connectionString = inject('azuriteConnection');
  return { blobs: await openAzureBlobs({ connectionString, container }), presigns: true };
});
