/** Which manifests are accepted, with which defaults, and where a wrong one is wrong. */
import { describe, expect, it } from 'vitest';
import { containersSchema } from './manifest.ts';

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
