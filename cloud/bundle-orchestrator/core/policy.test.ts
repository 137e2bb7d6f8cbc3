import type { ContainerManifest } from '@signalbeam/sync/core/manifest';
import { containerSchema } from '@signalbeam/sync/wire/manifest';
import { describe, expect, it } from 'vitest';
import { policyErrors, policyOf, registryOf, uploadedImage } from './policy.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const container = (more: Record<string, unknown> = {}): ContainerManifest =>
  containerSchema.parse({ name: 'web', image: `signalbeam.local/web@${digest}`, ...more });
const image = (reference: string): ContainerManifest => ({
  ...container(),
  image: `${reference}@${digest}`,
});
const bind = (hostPath: string, readOnly = true): ContainerManifest =>
  container({ mounts: [{ kind: 'bind', hostPath, containerPath: '/in', readOnly }] });

const open = policyOf({ imageRegistries: null, hostPaths: ['/etc/localtime'] });
const strict = policyOf({
  imageRegistries: ['registry.example:5000', 'docker.io'],
  hostPaths: ['/etc/localtime', '/srv/shared:rw'],
});

describe('registries', () => {
  it.each([
    ['docker.io/library/nginx', 'docker.io'],
    ['index.docker.io/library/nginx', 'docker.io'],
    ['registry-1.docker.io/library/nginx', 'docker.io'],
    ['docker.io./library/nginx', 'docker.io'],
    ['docker.io:443/library/nginx', 'docker.io'],
    // An engine reads this as an image on Docker Hub, whatever it looks like.
    ['evil/library/nginx', 'docker.io'],
    ['localhost/x', 'localhost'],
    ['registry.example:5000/x', 'registry.example:5000'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000'],
  ])('%s is asked at %s', (reference, registry) => {
    expect(registryOf(reference)).toBe(registry);
  });

  it('may be any when there is no list', () => {
    expect(policyErrors([image('anything.example/x')], open)).toEqual([]);
  });

  it('are held to the list in every spelling', () => {
    for (const allowed of [
      'registry.example:5000/x',
      'docker.io/library/nginx',
      'index.docker.io/library/nginx',
      'library/nginx',
      'signalbeam.local/web',
    ]) {
      expect(policyErrors([image(allowed)], strict)).toEqual([]);
    }
    for (const refused of [
      'registry.example/x',
      'registry.example:5001/x',
      'evil.example/docker.io/x',
      'registry.example.evil.example/x',
      'localhost/x',
      '127.0.0.1:5000/x',
    ]) {
      expect(policyErrors([image(refused)], strict)).toMatchObject([
        { path: 'containers[0].image' },
      ]);
    }
  });

  it('never are our own name in disguise', () => {
    for (const disguised of ['signalbeam.local:443/web', 'signalbeam.local./web']) {
      expect(policyErrors([image(disguised)], open)).toMatchObject([
        { path: 'containers[0].image' },
      ]);
    }
    expect(uploadedImage(`signalbeam.local/team/web@${digest}`)).toEqual({
      name: 'team/web',
      digest,
    });
  });
});

describe('paths of the host', () => {
  it('are refused unless the list has them', () => {
    for (const path of ['/', '/var/run/docker.sock', '/etc', '/etc/localtimes', '/proc', '/srv']) {
      expect(policyErrors([bind(path)], strict)).toMatchObject([
        { path: 'containers[0].mounts[0].hostPath' },
      ]);
    }
    for (const path of ['/etc/localtime', '/srv/shared', '/srv/shared/deep']) {
      expect(policyErrors([bind(path)], strict)).toEqual([]);
    }
  });

  it('are refused in spellings that only look allowed', () => {
    for (const path of ['/srv/shared/', '//srv/shared', '/srv/./shared', '/srv//shared']) {
      expect(policyErrors([bind(path)], strict)).toHaveLength(1);
    }
  });

  it('are read-only unless the list lets them be written', () => {
    expect(policyErrors([bind('/etc/localtime', false)], strict)).toHaveLength(1);
    expect(policyErrors([bind('/srv/shared', false)], strict)).toEqual([]);
  });

  it('are named with the container that asks for them', () => {
    const volume = container({
      mounts: [{ kind: 'volume', name: 'data', containerPath: '/data' }],
    });
    expect(policyErrors([volume, bind('/root')], open)).toMatchObject([
      { path: 'containers[1].mounts[0].hostPath' },
    ]);
  });
});
