/**
 * A host with strangers on it: a container and images that no agent brought, one of them an image
 * that a bundle will want too. What belongs to others must look the same at the end.
 */
import { labels } from '@signalbeam/edge/core/container';
import { imageOf } from './director.ts';
import { addContainer, change, createHost, digestIn, type Host } from './host.ts';

const strangersImage = `registry.example/theirs@sha256:${'5'.repeat(64)}`;

export const stockHost = (deviceId: string, now: () => number): Host => {
  const host = createHost(now);
  for (const reference of [strangersImage, imageOf(0, 3), imageOf(1, 5)]) {
    const digest = digestIn(reference);
    host.images.set(digest, { digest, references: new Set([reference]), foreign: true });
  }
  const stranger = addContainer(host, {
    name: 'theirs',
    image: strangersImage,
    entrypoint: [],
    command: [],
    environment: {},
    ports: [],
    mounts: [],
    restart: 'always',
    resources: {},
    labels: {
      [labels.device]: `not ${deviceId}`,
      [labels.bundle]: '00000000-0000-4000-8000-0000000000bf',
    },
  });
  change(host, stranger.id, { state: 'running', startedAt: 0 });
  return host;
};
