/** Compose files: what is carried over, and that all else is refused at its line, never left out. */
import { containersSchema } from '@signalbeam/sync/wire/manifest';
import { describe, expect, it } from 'vitest';
import { placeOfFinding, translateCompose } from '../core/compose.ts';
import { composeBytesMax, readYaml } from './read-yaml.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const read = (text: string, images: Record<string, string> = {}) => {
  const yaml = readYaml(text);
  if (yaml.kind === 'refused') {
    return { containers: [], faults: yaml.faults, places: new Map(), tags: new Map() };
  }
  return translateCompose(yaml.document, images);
};
const service = (lines: string): string =>
  `services:\n  web:\n    image: nginx@${digest}\n${lines.replace(/^/gm, '    ')}\n`;
const faultsOf = (text: string) =>
  read(text).faults.map(({ line, column, path }) => `${line}:${column} ${path}`);

describe('a compose file', () => {
  it('becomes containers, with what compose means written out', () => {
    const { containers, faults } = read(`
version: "3.9"
name: shop
x-common: anything
volumes:
  data:
services:
  web:
    image: ghcr.io/acme/web:1.2@${digest}
    command: serve --port 8080
    entrypoint: ["/init", "--"]
    environment:
      - GREETING=hello=there
      - PRICE=5$$
    ports: ["8090:8080", "127.0.0.1:53:53/udp", {target: 80, published: "81"}]
    volumes:
      - data:/var/lib/web:ro
      - {type: bind, source: /etc/localtime, target: /etc/localtime, read_only: true}
    restart: unless-stopped
    mem_limit: 512m
    stop_grace_period: 1m30s
    healthcheck:
      test: ["CMD", "wget", "-q", "http://127.0.0.1:8080"]
      interval: 10s
    depends_on:
      db: {condition: service_healthy}
  db:
    image: postgres@${digest}
    environment: {PORT: 5432, DEBUG: true}
    deploy: {resources: {limits: {memory: 1g, cpus: "1.5"}}}
    healthcheck: {test: pg_isready || exit 1}
`);
    expect(faults).toEqual([]);
    const [web, db] = containersSchema.parse(containers);
    expect(web).toMatchObject({
      name: 'web',
      image: `ghcr.io/acme/web@${digest}`,
      command: ['serve', '--port', '8080'],
      entrypoint: ['/init', '--'],
      environment: { GREETING: 'hello=there', PRICE: '5$' },
      ports: [
        { containerPort: 8080, hostPort: 8090, protocol: 'tcp', hostAddress: '0.0.0.0' },
        { containerPort: 53, hostPort: 53, protocol: 'udp', hostAddress: '127.0.0.1' },
        { containerPort: 80, hostPort: 81, protocol: 'tcp', hostAddress: '0.0.0.0' },
      ],
      mounts: [
        { kind: 'volume', name: 'data', containerPath: '/var/lib/web', readOnly: true },
        { kind: 'bind', hostPath: '/etc/localtime', readOnly: true },
      ],
      restart: 'unless-stopped',
      memoryBytes: 512 * 1024 ** 2,
      stopGraceMs: 90_000,
      healthCheck: {
        intervalMs: 10_000,
        timeoutMs: 30_000,
        retries: 3,
        startPeriodMs: 0,
        probe: { kind: 'exec', command: ['wget', '-q', 'http://127.0.0.1:8080'] },
      },
      dependsOn: ['db'],
    });
    expect(db).toMatchObject({
      image: `docker.io/library/postgres@${digest}`,
      environment: { PORT: '5432', DEBUG: 'true' },
      memoryBytes: 1024 ** 3,
      cpus: 1.5,
      restart: 'no',
      healthCheck: { probe: { kind: 'exec', command: ['/bin/sh', '-c', 'pg_isready || exit 1'] } },
    });
  });

  it('says of a tag what to write in its place, as an engine would read it', () => {
    for (const [text, whole, tag] of [
      ['nginx', 'docker.io/library/nginx', 'latest'],
      ['nginx:1.27', 'docker.io/library/nginx', '1.27'],
      ['acme/app:2', 'docker.io/acme/app', '2'],
      ['registry.example:5000/app', 'registry.example:5000/app', 'latest'],
      ['ghcr.io/acme/app:v1', 'ghcr.io/acme/app', 'v1'],
    ]) {
      const { faults, tags } = read(`services:\n  web:\n    image: ${text}\n`);
      expect(faults).toHaveLength(1);
      expect(faults[0]?.message).toContain(`${whole}@sha256:…`);
      expect(faults[0]?.message).toContain(`inspect ${whole}:${tag}`);
      const bare = tag === 'latest' ? `${text}:latest` : text;
      expect([...tags]).toEqual([['services.web.image', bare]]);
    }
  });

  it('gives secrets that are kept elsewhere as files', () => {
    const { containers, faults } = read(`
secrets:
  db_password: {external: true, name: db-password}
  tls: {external: true}
${service('secrets: [db_password, {source: tls, target: /etc/tls/key.pem}, {source: tls, target: again}]')}`);
    expect(faults).toEqual([]);
    expect(containersSchema.parse(containers)[0]?.secretFiles).toEqual({
      ...{ '/run/secrets/db_password': 'db-password', '/etc/tls/key.pem': 'tls' },
      '/run/secrets/again': 'tls',
    });
  });

  it.each([
    ['secrets: {a: {file: ./a.txt}}', '1:15 secrets.a.file'],
    ['secrets: {a: {environment: A}}', '1:15 secrets.a.environment'],
    ['secrets: {a: {external: false}}', '1:11 secrets.a'],
    ['secrets: {a: {external: true, driver: x}}', '1:31 secrets.a.driver'],
  ])('refuses %s: where a value stands is no place for it', (line, at) => {
    expect(faultsOf(`${line}\n${service('restart: always')}`)).toEqual([at]);
  });

  it('refuses a secret that the file does not declare, and one with an owner or a mode', () => {
    const top = 'secrets: {a: {external: true}}\n';
    expect(faultsOf(`${top}${service('secrets: [b]')}`)).toEqual(['5:15 services.web.secrets[0]']);
    const owned = 'secrets: [{source: a, mode: 0400}]';
    expect(faultsOf(`${top}${service(owned)}`)).toEqual(['5:27 services.web.secrets[0].mode']);
  });

  it('names images by digest, or somebody says what a tag stands for', () => {
    const tagged = 'services:\n  web:\n    image: nginx:1.27\n';
    expect(faultsOf(tagged)).toEqual(['3:12 services.web.image']);
    const whole = { 'nginx:latest': `docker.io/library/nginx@${digest}` };
    expect(read('services:\n  web:\n    image: nginx\n', whole).faults).toEqual([]);
    const known = { 'nginx:1.27': `docker.io/library/nginx@${digest}` };
    expect(read(tagged, known)).toMatchObject({
      faults: [],
      containers: [{ image: `docker.io/library/nginx@${digest}` }],
    });
    for (const [text, image] of [
      [`localhost:5000/x@${digest}`, `localhost:5000/x@${digest}`],
      [`localhost:5000/x:1@${digest}`, `localhost:5000/x@${digest}`],
      [`acme/web:1@${digest}`, `docker.io/acme/web@${digest}`],
      [`nginx:1@${digest}`, `docker.io/library/nginx@${digest}`],
    ] as const) {
      const found = read(`services:\n  web:\n    image: ${text}\n`);
      expect(found.containers).toMatchObject([{ image }]);
    }
  });

  it.each([
    'privileged: true',
    'cap_add: [NET_ADMIN]',
    'network_mode: host',
    'pid: host',
    'devices: ["/dev/sda:/dev/sda"]',
    'security_opt: ["seccomp:unconfined"]',
    'build: .',
    'container_name: web',
    'env_file: .env',
    'labels: {a: b}',
    'user: root',
    'tmpfs: /tmp',
    'logging: {driver: none}',
    'constructor: x',
    '__proto__: {a: b}',
    'ports: ["80"]',
    'ports: ["8000-8010:8000-8010"]',
    'ports: [{target: 80, published: 80, mode: host}]',
    'volumes: ["./data:/data"]',
    'volumes: ["~/x:/data"]',
    'volumes: ["/data"]',
    'volumes: ["undeclared:/data"]',
    'volumes: ["/a:/b:z"]',
    'volumes: [{type: tmpfs, target: /x}]',
    'environment: [HOME]',
    'environment: {HOME: }',
    'command: echo "a b"',
    'command: echo $HOME',
    `command: ["echo", "$${'{HOME}'}"]`.replace('$$', '$'),
    'restart: on-failure:3',
    'mem_limit: much',
    'cpus: many',
    'stop_grace_period: 10',
    'healthcheck: {interval: 5s}',
    'healthcheck: {test: ["wget", "x"]}',
    'healthcheck: {test: x, start_interval: 1s}',
    'depends_on: {db: {condition: service_completed_successfully}}',
    'depends_on: {db: {required: false}}',
    'deploy: {replicas: 2}',
    'deploy: {resources: {reservations: {memory: 1g}}}',
    '<<: {privileged: true}',
  ])('that asks for %s is refused at that line, with a reason', (line) => {
    const { faults } = read(service(line));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.line).toBe(4);
    expect(faults[0]?.path).toMatch(/^services\.web\./);
    expect(faults[0]?.message).toMatch(/.{10}/);
  });

  it.each([
    'networks: {a: }',
    'secrets: {a: {file: x}}',
    'include: [other.yaml]',
    'volumes: {a: {driver: nfs}}',
  ])('with %s at its top is refused', (line) => {
    expect(read(`${line}\n${service('restart: always')}`).faults).toMatchObject([{ line: 1 }]);
  });

  it.each([
    ['', '1:1'],
    ['[]', '1:1'],
    ['services: 3', '1:11'],
    ['services:\n  web: [', '2:9'],
    ['services:\n  web: {}\n  web: {}', '3:3'],
    ['a: 1\n---\nb: 2', '2:1'],
  ])('that is %j is refused at %s', (text, place) => {
    const [fault] = read(text).faults;
    expect(`${fault?.line}:${fault?.column}`).toMatch(place === '2:9' ? /^2:/ : place);
  });

  it('finds the place of what the manifest’s own rules refuse', () => {
    const translated = read(service('ports: ["80:80"]\nvolumes: ["/etc:/x"]\ndepends_on: [gone]'));
    for (const [path, line, column] of [
      ['containers[0].image', 3, 12],
      ['containers[0].ports[0].hostPort', 4, 13],
      ['containers[0].mounts[0].hostPath', 5, 15],
      ['containers[0].dependsOn[0]', 6, 17],
      ['containers[0].name', 2, 3],
      ['containers', 1, 1],
    ] as const) {
      const found = placeOfFinding(translated, { path, message: 'no' });
      expect(found).toMatchObject({ line, column, message: 'no' });
    }
  });
});

describe('a bomb', () => {
  it('of aliases is refused where the first one stands', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi']
      .map((letter, at) => `${letter}: &${letter} [${`*${'abcdefgh'[at]},`.repeat(9)}]`)
      .join('\n')}\nservices: *i\n`;
    const refused = { line: 2, message: expect.stringContaining('aliases') };
    expect(read(bomb).faults).toMatchObject([refused]);
    expect(read(`x-a: &a {privileged: true}\n${service('<<: *a')}`).faults).toMatchObject([
      { line: 5, message: expect.stringContaining('aliases') },
    ]);
  });

  it.each([
    ['[', 60_000],
    ['- ', 30_000],
    ['{a: ', 15_000],
    ['? ', 30_000],
  ])('of %j without end is refused', (part, times) => {
    expect(read(part.repeat(times)).faults.length).toBe(1);
  });

  it('of size or number is refused', () => {
    expect(read('#'.repeat(composeBytesMax + 1)).faults).toMatchObject([{ line: 1 }]);
    expect(read(`services: [${'a,'.repeat(6_000)}]`).faults).toMatchObject([
      { message: expect.stringContaining('parts') },
    ]);
  });
});
