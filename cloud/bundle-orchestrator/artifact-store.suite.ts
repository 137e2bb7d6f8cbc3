/**
 * An artifact store with people and a device, for the tests of uploads: images made on the spot,
 * sent and fetched as clients do it.
 */
import { createHash } from 'node:crypto';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { addDevice, openTenant, startRig, type TestTenant } from './rig.suite.ts';

export type Image = {
  reference: string;
  name: string;
  digest: string;
  sizeBytes: number;
  tags: string[];
  platforms: string[];
};

export const buildProbe = (
  name: string,
  format: 'oci' | 'docker' | 'both' = 'both',
  content = 'hi',
) =>
  buildImageTar({
    name,
    tag: '1',
    command: ['sleep', '60'],
    files: { '/www/index.html': content },
    format,
  });

export const bytesOf = async (response: Response): Promise<Buffer> =>
  Buffer.from(await response.arrayBuffer());
export const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export const openStore = async (postgresUrl: string) => {
  const rig = await startRig(postgresUrl);
  const one = await openTenant(rig, 'one');
  const two = await openTenant(rig, 'two');
  const device = await addDevice(rig, one, 'gateway');
  const upload = (tenant: TestTenant, body: Uint8Array, query = '', headers = {}) =>
    rig.ask('POST', `/api/artifacts${query}`, { token: tenant.operator, body, headers });
  return {
    rig,
    one,
    two,
    device,
    upload,
    uploaded: async (tenant: TestTenant, body: Uint8Array, query = ''): Promise<Image[]> => {
      const answer = await upload(tenant, body, query);
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return (answer.body as { images: Image[] }).images;
    },
    blob: (digest: string, token: string, headers: Record<string, string> = {}) =>
      rig.service.app.request(`/api/artifacts/blobs/${digest}`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      }),
  };
};
export type Store = Awaited<ReturnType<typeof openStore>>;
