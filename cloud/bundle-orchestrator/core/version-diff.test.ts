/** The difference of two versions, and what it costs a device to go from one to the other. */
import { containersSchema } from '@signalbeam/sync/wire/manifest';
import { describe, expect, it } from 'vitest';
import { diffVersions } from './version-diff.ts';

const image = (name: string, letter: string): string => `${name}@sha256:${letter.repeat(64)}`;
const blob = (digest: string, sizeBytes: number) => ({ digest, sizeBytes, mediaType: 'x' });
const blobs = new Map([
  [image('signalbeam.local/web', 'a'), [blob('base', 100), blob('one', 10)]],
  [image('signalbeam.local/web', 'b'), [blob('base', 100), blob('two', 20), blob('two', 20)]],
]);
const diff = (before: unknown, after: unknown) =>
  diffVersions(containersSchema.parse(before), containersSchema.parse(after), (name) =>
    name.startsWith('signalbeam.local/') ? (blobs.get(name) ?? []) : null,
  );
const web = { name: 'web', image: image('signalbeam.local/web', 'a') };

describe('two versions', () => {
  it('that say the same differ in nothing', () => {
    const before = [{ ...web, environment: { A: '1' } }];
    expect(diff(before, structuredClone(before))).toEqual({
      containers: [{ name: 'web', kind: 'unchanged', fields: [] }],
      fetchBytes: 0,
      unknownSizes: [],
    });
  });

  it('differ field by field, down to the keys of the environment and of the health check', () => {
    const check = (port: number) => ({ probe: { kind: 'tcp', port } });
    const before = [{ ...web, environment: { A: '1', B: '2' }, healthCheck: check(80), cpus: 1 }];
    const after = [
      { ...web, environment: { A: '1', B: '3', C: '' }, healthCheck: check(81), command: ['x'] },
    ];
    const [change] = diff(before, after).containers;
    expect(change?.kind).toBe('changed');
    expect(change?.fields).toEqual([
      { path: 'command', before: '[]', after: '["x"]' },
      { path: 'environment.B', before: '2', after: '3' },
      { path: 'environment.C', before: null, after: '' },
      { path: 'cpus', before: '1', after: 'null' },
      { path: 'healthCheck.probe.port', before: '80', after: '81' },
    ]);
  });

  it('differ in containers that come and go', () => {
    const db = { name: 'db', image: image('registry.example/db', 'c') };
    const found = diff([web], [db]);
    expect(found.containers).toEqual([
      { name: 'web', kind: 'removed', fields: [{ path: 'image', before: web.image, after: null }] },
      { name: 'db', kind: 'added', fields: [{ path: 'image', before: null, after: db.image }] },
    ]);
    expect(found).toMatchObject({ fetchBytes: 0, unknownSizes: [db.image] });
  });

  it('cost what is not there yet, each blob once', () => {
    const next = { ...web, image: image('signalbeam.local/web', 'b') };
    expect(diff([web], [next, { ...next, name: 'more' }]).fetchBytes).toBe(20);
    expect(diff([next], [web]).fetchBytes).toBe(10);
  });
});
