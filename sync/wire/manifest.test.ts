/** Which manifests are accepted, with which defaults, and where a wrong one is wrong. */
import { describe, expect, it } from 'vitest';
import { containersSchema, releaseAsWritten, releaseSchema } from './manifest.ts';

const image = `signalbeam.local/hello@sha256:${'a'.repeat(64)}`;

describe('a manifest', () => {
  it('gets every default written down', () => {
    expect(containersSchema.parse([{ name: 'web', image }])[0]).toEqual({
      name: 'web',
      image,
      entrypoint: [],
      command: [],
      environment: {},
      ports: [],
      mounts: [],
      restart: 'unless-stopped',
      memoryBytes: null,
      cpus: null,
      stopGraceMs: 10_000,
      healthCheck: null,
      dependsOn: [],
      secretEnvironment: {},
      secretFiles: {},
    });
  });

  it('says where it is wrong', () => {
    const wrong = [
      { name: 'web', image: 'nginx:latest' },
      { name: 'web', image, ports: [{ containerPort: 80, hostPort: 8080 }] },
      { name: 'two', image, ports: [{ containerPort: 80, hostPort: 8080 }], privileged: true },
    ];
    const issues = containersSchema
      .safeParse(wrong)
      .error?.issues.map(({ path }) => path.join('.'));
    expect(issues).toEqual(expect.arrayContaining(['0.image', '2']));
    const clashing = containersSchema.safeParse([
      { name: 'web', image, ports: [{ containerPort: 80, hostPort: 8080 }] },
      { name: 'web', image, ports: [{ containerPort: 81, hostPort: 8080 }] },
    ]);
    expect(clashing.error?.issues.map(({ message }) => message)).toEqual([
      'web is used twice',
      'host port 8080/tcp is used twice',
    ]);
  });

  it.each([
    [{ a: ['b'] }, '0.dependsOn.0', 'b is no container of this bundle'],
    [{ a: [], b: ['a', 'a'] }, '1.dependsOn.1', 'a is named twice'],
    [{ a: ['a'] }, '0.dependsOn', 'they wait for one another: a → a'],
    [{ z: [], a: ['b'], b: ['a'] }, '1.dependsOn', 'they wait for one another: a → b → a'],
  ])('refuses an order that leads nowhere: %j', (needs, at, why) => {
    const wrong = Object.entries(needs).map(([name, dependsOn]) => ({ name, image, dependsOn }));
    const found = containersSchema.safeParse(wrong).error?.issues;
    expect(found?.map(({ path, message }) => [path.join('.'), message])).toEqual([[at, why]]);
  });

  it('is written for agents of before unless it asks for an order', () => {
    const written = (containers: unknown) =>
      JSON.parse(
        JSON.stringify(
          releaseAsWritten({
            tenantId: '00000000-0000-4000-8000-0000000000a1',
            bundleId: '00000000-0000-4000-8000-0000000000b1',
            bundleName: 'hello',
            version: '1.0.0',
            containers: containersSchema.parse(containers),
            images: [],
            createdAt: '2026-01-01T00:00:00.000Z',
          }),
        ),
      );
    const plain = written([{ name: 'web', image }]);
    expect(Object.keys(plain.containers[0])).not.toContain('dependsOn');
    expect(Object.keys(plain.containers[0])).not.toContain('secretEnvironment');
    expect(Object.keys(plain.containers[0])).not.toContain('secretFiles');
    expect(releaseSchema.parse(plain).containers[0]?.dependsOn).toEqual([]);
    const ordered = written([
      { name: 'web', image, dependsOn: ['db'] },
      { name: 'db', image },
    ]);
    expect(releaseSchema.parse(ordered).containers[0]?.dependsOn).toEqual(['db']);
    expect(ordered.containers[1]).not.toHaveProperty('dependsOn');
  });

  it.each([
    [{ secretEnvironment: { A: 'db' } }, null],
    [{ secretEnvironment: { A: 'Db' } }, '0.secretEnvironment.A'],
    [{ secretEnvironment: { 'A-B': 'db' } }, '0.secretEnvironment.A-B'],
    [{ environment: { A: 'x' }, secretEnvironment: { A: 'db' } }, '0.secretEnvironment.A'],
    [{ secretFiles: { '/run/secrets/db': 'db', '/etc/app/key.pem': 'db' } }, null],
    [{ secretFiles: { '/run/secrets/db': 'Db' } }, '0.secretFiles./run/secrets/db'],
    [{ secretFiles: { 'run/db': 'db' } }, '0.secretFiles.run/db'],
    [{ secretFiles: { '/run/../db': 'db' } }, '0.secretFiles./run/../db'],
    [{ secretFiles: { '/run//db': 'db' } }, '0.secretFiles./run//db'],
    [{ secretFiles: { '/run/./db': 'db' } }, '0.secretFiles./run/./db'],
    [{ secretFiles: { '/run/db/': 'db' } }, '0.secretFiles./run/db/'],
    [{ secretFiles: { '/': 'db' } }, '0.secretFiles./'],
    [{ secretFiles: { '/proc/1/environ': 'db' } }, '0.secretFiles./proc/1/environ'],
    [{ secretFiles: { '/run/db': 'db', '/run/db/x': 'db' } }, '0.secretFiles./run/db'],
    [
      {
        mounts: [{ kind: 'volume', name: 'data', containerPath: '/data/' }],
        secretFiles: { '/data/db': 'db' },
      },
      '0.secretFiles./data/db',
    ],
    [
      {
        mounts: [{ kind: 'volume', name: 'data', containerPath: '/run/db/data' }],
        secretFiles: { '/run/db': 'db', '/run/dbs': 'db' },
      },
      '0.secretFiles./run/db',
    ],
    [
      {
        secretEnvironment: { A: 'a' },
        secretFiles: Object.fromEntries(
          Array.from({ length: 32 }, (_, i) => [`/run/secrets/${i}`, `s${i}`]),
        ),
      },
      '',
    ],
    [
      {
        secretEnvironment: Object.fromEntries(
          [...'abcdefghijklmnopqrstuvwxyzABCDEFG'].map((c, i) => [c, `s${i}`]),
        ),
      },
      '',
    ],
  ])('names secrets and holds none: %j', (more, at) => {
    const issues = containersSchema.safeParse([{ name: 'web', image, ...more }]).error?.issues;
    expect(issues?.map(({ path }) => path.join('.')) ?? null).toEqual(at === null ? null : [at]);
  });

  it('has no text that ends in the middle or that no database keeps', () => {
    const texts = ['a\u0000b', '\ud800'];
    for (const text of texts) {
      const wrong = [
        { entrypoint: [text] },
        { command: [text] },
        { environment: { KEY: text } },
        { healthCheck: { probe: { kind: 'exec', command: [text] } } },
        { healthCheck: { probe: { kind: 'http', port: 80, path: `/${text}` } } },
        { mounts: [{ kind: 'volume', name: 'data', containerPath: `/${text}` }] },
      ];
      for (const part of wrong) {
        const parsed = containersSchema.safeParse([{ name: 'web', image, ...part }]);
        expect(parsed.error?.issues, JSON.stringify(part)).toHaveLength(1);
      }
    }
    const lines = containersSchema.safeParse([{ name: 'web', image, command: ['a\n\tb'] }]);
    expect(lines.success).toBe(true);
  });

  it.each([
    'docker.io/library/nginx:1.27',
    'evil.com/app',
    `nginx@sha256:${'a'.repeat(64)}`,
    `../x@sha256:${'a'.repeat(64)}`,
    `h/a b@sha256:${'a'.repeat(64)}`,
  ])('refuses the image %s', (bad) => {
    expect(containersSchema.safeParse([{ name: 'web', image: bad }]).success).toBe(false);
  });

  it.each(['/data/../etc', 'data', ''])('refuses the path %j', (containerPath) => {
    const mounts = [{ kind: 'volume', name: 'data', containerPath }];
    expect(containersSchema.safeParse([{ name: 'web', image, mounts }]).success).toBe(false);
  });
});
