import type { ContainerManifest } from '@signalbeam/sync/core/manifest';
import { containerSchema } from '@signalbeam/sync/wire/manifest';
import { describe, expect, it } from 'vitest';
import {
  type BundlePolicy,
  policyErrors as errorsOf,
  openPolicy,
  policyFaults,
  policyOf,
  uploadedImage,
} from './policy.ts';
import { isRegistryRule, registryOf } from './registry.ts';

const policyErrors = (containers: ContainerManifest[], policy: BundlePolicy) =>
  errorsOf(containers, [policy]);
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

  // Inventory §7.6
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
  // Inventory §7.6
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

/** What may ever be asked, and refused by the shape or by the policy: never released. */
const isRefused = (reference: string, policy: BundlePolicy): boolean => {
  const parsed = containerSchema.safeParse({ name: 'web', image: `${reference}@${digest}` });
  return !parsed.success || policyErrors([parsed.data], policy).length > 0;
};

describe('an allow-list of registries and parts of them', () => {
  const narrow: BundlePolicy = {
    ...openPolicy,
    registries: [
      'registry.example:5000',
      'ghcr.io/acme',
      'docker.io/library',
      'localhost:5000/team',
    ],
  };

  it.each([
    'registry.example:5000/x',
    'registry.example:5000/deep/er/x',
    'ghcr.io/acme/app',
    'ghcr.io:443/acme/app',
    'ghcr.io/acme',
    'docker.io/library/nginx',
    // An engine asks for the official image here, whose name begins with library/.
    'docker.io/nginx',
    'index.docker.io/nginx',
    'localhost:5000/team/x',
    'signalbeam.local/web',
  ])('lets %s in', (reference) => expect(isRefused(reference, narrow)).toBe(false));

  it.each([
    'evil.com/app',
    'evil.com/ghcr.io/acme/app',
    'evil/app',
    'library',
    'acme/app',
    'ghcr.io/acme-evil/app',
    'ghcr.io/acm/e',
    'ghcr.io/other/acme/app',
    'ghcr.io.evil.com/acme/app',
    'evil-ghcr.io/acme/app',
    'ghcr.io:5000/acme/app',
    'ghcr.io:80/acme/app',
    'ghcr.io:0443/acme/app',
    'registry.example/x',
    'registry.example:50000/x',
    'registry.example:05000/x',
    'registry.example:5000',
    'docker.io/evil/nginx',
    'registry.hub.docker.com/evil/x',
    'localhost/team/x',
    'localhost:5000/teams/x',
    '127.0.0.1:5000/team/x',
    '[::1]:5000/team/x',
    'user@ghcr.io/acme/app',
    'ghcr.io/acme@evil.com/app',
    'user:secret@ghcr.io/acme/app',
    'GHCR.IO/acme/app',
    'ghcr.io/ACME/app',
    'ghcr.io./acme/app',
    'ghcr.io/acme/../other/app',
    'ghcr.io/acme/./app',
    'ghcr.io//acme/app',
    'ghcr.io/acme//app',
    '/ghcr.io/acme/app',
    'https://ghcr.io/acme/app',
    'ghcr.io/acme/app:latest',
    'ghcr.io/acme%2f..%2fother/app',
    'ghcr.io\\acme/app',
    ' ghcr.io/acme/app',
    'ghcr.io/acme/app\u0000',
    'ghcr.io\n/acme/app',
    // Letters that look the same: Cyrillic с, fullwidth full stop, dotless i, a soft hyphen.
    'ghсr.io/acme/app',
    'ghcr．io/acme/app',
    'ghcr.ıo/acme/app',
    'ghcr.io/ac\u00adme/app',
    'xn--ghr-ocd.io/acme/app',
    'signalbeam.local:443/web',
    'signalbeam.locals/web',
  ])('keeps %j out', (reference) => expect(isRefused(reference, narrow)).toBe(true));

  it.each([
    'ghcr.io',
    'ghcr.io/acme',
    'localhost',
    'localhost:5000/x',
    'registry:5000',
    '10.0.0.1:5000',
  ])('may hold %s', (rule) => expect(isRegistryRule(rule)).toBe(true));
  it.each([
    '',
    'acme',
    'library/nginx',
    'https://ghcr.io',
    'ghcr.io/',
    'GHCR.io',
    'a@ghcr.io',
    'ghcr.io/a:1',
    '*',
    '*.io',
  ])('never holds %j, which names no registry', (rule) => expect(isRegistryRule(rule)).toBe(false));
});

describe('ports, memory and processors', () => {
  const bounded: BundlePolicy = {
    ...openPolicy,
    hostPorts: [
      { from: 8_000, to: 8_999 },
      { from: 443, to: 443 },
    ],
    limitsRequired: true,
    memoryBytesMax: 512 * 1024 * 1024,
    cpusMax: 2,
  };
  const asking = (more: Record<string, unknown>) =>
    container({ memoryBytes: 64 * 1024 * 1024, cpus: 0.5, ...more });
  const port = (hostPort: number, hostAddress = '0.0.0.0') => ({
    ports: [{ containerPort: 80, hostPort, hostAddress }],
  });

  it.each([
    [{}, []],
    [port(8_000), []],
    [port(443), []],
    [port(7_999), ['containers[0].ports[0].hostPort']],
    [port(22), ['containers[0].ports[0].hostPort']],
    [{ memoryBytes: null }, ['containers[0].memoryBytes']],
    [{ cpus: null }, ['containers[0].cpus']],
    [
      { memoryBytes: 513 * 1024 * 1024, cpus: 3 },
      ['containers[0].memoryBytes', 'containers[0].cpus'],
    ],
  ])('of %j: %j', (more, paths) => {
    expect(policyErrors([asking(more)], bounded).map(({ path }) => path)).toEqual(paths);
  });

  it('may have to stay on the device', () => {
    const inside = { ...openPolicy, loopbackOnly: true };
    expect(policyErrors([container(port(80))], inside)).toMatchObject([
      { path: 'containers[0].ports[0].hostAddress' },
    ]);
    expect(policyErrors([container(port(80, '127.0.0.1'))], inside)).toEqual([]);
  });

  it.each([
    'privileged',
    'capAdd',
    'networkMode',
    'pid',
    'ipc',
    'devices',
    'securityOpt',
    'user',
    'sysctls',
  ])('is all there is: a manifest has no word for %s', (key) => {
    expect(containerSchema.safeParse({ ...container(), [key]: true }).success).toBe(false);
  });
});

describe('two policies', () => {
  const tenant = (more: Partial<BundlePolicy>): BundlePolicy => ({ ...openPolicy, ...more });

  it('refuse what either refuses, once', () => {
    const both = [strict, tenant({ hostPaths: [], registries: ['docker.io'] })];
    const asked = { ...bind('/etc/localtime'), image: `evil.com/x@${digest}` };
    expect(errorsOf([asked], both).map(({ path }) => path)).toEqual([
      'containers[0].image',
      'containers[0].mounts[0].hostPath',
    ]);
    expect(errorsOf([bind('/root')], [strict, openPolicy])).toHaveLength(1);
  });

  it('never widen one another', () => {
    for (const [wish, path] of [
      [{ hostPaths: [{ path: '/', writable: true }] }, 'hostPaths[0]'],
      [{ hostPaths: [{ path: '/etc/localtime', writable: true }] }, 'hostPaths[0]'],
      [{ hostPaths: [{ path: '/srv/shared/', writable: true }] }, 'hostPaths[0]'],
      [{ registries: ['ghcr.io'] }, 'registries[0]'],
      [{ registries: ['Docker.io'] }, 'registries[0]'],
      [{ hostPorts: [{ from: 9, to: 8 }] }, 'hostPorts[0]'],
    ] as const) {
      expect(policyFaults(tenant(wish), strict).map((fault) => fault.path)).toEqual([path]);
    }
    const narrower = {
      registries: ['docker.io/library'],
      hostPaths: [{ path: '/srv/shared/x', writable: true }],
    };
    expect(policyFaults(tenant(narrower), strict)).toEqual([]);
    expect(policyFaults(openPolicy, strict)).toEqual([]);
  });
});
