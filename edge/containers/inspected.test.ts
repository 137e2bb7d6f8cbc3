/** What the suites can't make a real engine say: cgroup quotas, odd states, images known twice. */
import { expect, test } from 'vitest';
import { labels } from '../core/container.ts';
import { digestIn, type Inspected, inspectedSchema, observe } from './inspected.ts';

const digest = (fill: string) => `sha256:${fill.repeat(64)}`;
const seen = (change: Partial<Inspected> = {}): Inspected =>
  inspectedSchema.parse({
    Id: 'c1',
    Name: '/web',
    Image: 'f'.repeat(64),
    State: { Status: 'running', ExitCode: 0, StartedAt: '0001-01-01T00:00:00Z' },
    HostConfig: {},
    Config: {},
    ...change,
  });
const facts = { digests: [digest('a'), digest('b')], defaults: { entrypoint: [], command: [] } };

test('reads no value of a secret back', () => {
  const Config = {
    Env: ['PATH=/bin', 'PASSWORD=hunter=2', 'PLAIN=x'],
    Labels: { [labels.secrets]: 'PASSWORD' },
  };
  const observed = observe(seen({ Config }), facts);
  expect(observed.environment).toEqual({ PATH: '/bin', PASSWORD: '', PLAIN: 'x' });
  expect(JSON.stringify(observed)).not.toContain('hunter');
});

test('needs no field that an engine may leave out', () => {
  expect(observe(seen(), facts)).toMatchObject({
    name: 'web',
    imageId: `sha256:${'f'.repeat(64)}`,
    imageDigest: digest('a'),
    startedAt: null,
    finishedAt: null,
    address: '',
    restart: 'no',
    resources: {},
    environment: {},
  });
});

test('believes the label’s digest only if the image truly bears it', () => {
  const labelled = (value: string) => seen({ Config: { Labels: { [labels.image]: value } } });
  expect(observe(labelled(digest('b')), facts).imageDigest).toBe(digest('b'));
  expect(observe(labelled(digest('c')), facts).imageDigest).toBe(digest('a'));
  expect(observe(labelled(digest('c')), { ...facts, digests: [] }).imageDigest).toBe('');
});

test.each([
  [{ NanoCpus: 250_000_000 }, 0.25],
  [{ CpuQuota: 50_000, CpuPeriod: 100_000 }, 0.5],
  [{ CpuQuota: 50_000, CpuPeriod: 0 }, 0.5],
  [{ CpuQuota: -1, CpuPeriod: 100_000 }, undefined],
  [{ NanoCpus: 0, CpuQuota: 0 }, undefined],
])('reads %j as %s cpus', (HostConfig, cpus) => {
  expect(observe(seen({ HostConfig }), facts).resources.cpus).toBe(cpus);
});

test.each([
  ['configured', 'created'],
  ['initialized', 'created'],
  ['stopping', 'running'],
  ['stopped', 'exited'],
  ['removing', 'dead'],
  ['improper', 'dead'],
])('reads the state %s as %s', (Status, state) => {
  expect(observe(seen({ State: { Status, ExitCode: 3 } }), facts).state).toBe(state);
});

test('leaves out volumes that nobody named and mounts of other kinds', () => {
  const Mounts = [
    { Type: 'volume', Name: 'e'.repeat(64), Destination: '/anonymous', RW: true },
    { Type: 'tmpfs', Destination: '/tmp', RW: true },
    { Type: 'volume', Name: 'data', Destination: '/data', RW: false },
  ];
  expect(observe(seen({ Mounts }), facts).mounts).toEqual([
    { kind: 'volume', name: 'data', containerPath: '/data', readOnly: true },
  ]);
});

test('takes the address of the first network where there is no default one', () => {
  const Networks = { own: { IPAddress: '' }, site: { IPAddress: '10.1.2.3' } };
  const observed = observe(seen({ NetworkSettings: { IPAddress: '', Networks } }), facts);
  expect(observed.address).toBe('10.1.2.3');
});

test('finds a digest only at the end of a reference', () => {
  expect(digestIn(`127.0.0.1:5000/x@${digest('a')}`)).toBe(digest('a'));
  expect(digestIn('x:latest')).toBe('');
  expect(digestIn(`x@${digest('a')}:tag`)).toBe('');
});
