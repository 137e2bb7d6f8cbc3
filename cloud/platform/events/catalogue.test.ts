/** The catalogue of domain events: whole, true to itself, and what is recorded is held to it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleOf } from './catalogue.fixture.ts';
import { checkEvent, type EventType, eventTypes, readEvent } from './catalogue.ts';
import { auditedChanges } from './known-changes.ts';

const types = eventTypes() as EventType[];
const root = join(import.meta.dirname, '../../..');

/** What the cloud is made of, without its tests. */
const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'cloud/**/*.ts'], {
  ...{ cwd: root, encoding: 'utf8' },
})
  .split('\n')
  .filter((file) => /\.ts$/.test(file) && !/\.(test|suite|fixture)\.ts$/.test(file))
  .filter((file) => !/cloud\/(client|cli)\/|events\/(known-|catalogue)/.test(file))
  .map((file) => readFileSync(join(root, file), 'utf8'));

describe('every type', () => {
  it('has a name of its own, a sentence, and an example that is recorded and read', () => {
    expect(types.length).toBeGreaterThan(70);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) {
      const example = exampleOf(type);
      expect(checkEvent(example), type).toBe(example.version);
      expect(readEvent(example), type).toEqual({ kind: 'read' });
      // As it comes from the hub: nothing in it is lost in JSON.
      expect(JSON.parse(JSON.stringify(example.data)), type).toEqual(example.data);
    }
  });

  it('is under a subject that the stream stores', () => {
    for (const type of types) {
      const [, family] = exampleOf(type).subject.split('.');
      expect(['devices', 'bundles', 'tenants', 'users', 'alerts'], type).toContain(family);
    }
  });

  // By its name, or by the words that its name is put together from.
  it('is recorded somewhere, and everything that is recorded is one of them', () => {
    const written = (word: string) => sources.some((source) => source.includes(`'${word}'`));
    const audited = new Set<string>(Object.values(auditedChanges).map(({ type }) => type));
    const never = types.filter((type) => {
      if (audited.has(type) || written(type)) return false;
      const word = type.slice(type.lastIndexOf('.') + 1);
      const family = type.slice(0, type.lastIndexOf('.'));
      return !(written(word) && sources.some((source) => source.includes(`\`${family}.\${`)));
    });
    expect(never).toEqual([]);
    const literals = sources.flatMap((source) =>
      [...source.matchAll(/recordEvents?\([\s\S]{0,400}?type: '([a-z.-]+)'/g)].map(
        ([, type]) => type,
      ),
    );
    expect(literals.length).toBeGreaterThan(8);
    expect(literals.filter((type) => !types.includes(type as EventType))).toEqual([]);
  });

  it('of what the audit log tells is of an action that somebody takes, and none is forgotten', () => {
    const actions = new Set(
      sources.flatMap((source) =>
        [...source.matchAll(/'([a-z-]+\.[a-z-]+)'/g)].map(([, word]) => word),
      ),
    );
    const verbs = (action: string) => action.slice(action.indexOf('.') + 1);
    const known = Object.keys(auditedChanges);
    const untold = known.filter(
      (action) =>
        !actions.has(action) && !sources.some((source) => source.includes(`'${verbs(action)}'`)),
    );
    expect(untold).toEqual([]);
    const kinds = new Set(known.map((action) => action.slice(0, action.indexOf('.'))));
    const taken = sources.flatMap((source) =>
      [...source.matchAll(/(?:action: |, )'([a-z-]+)\.([a-z-]+)',/g)].flatMap(
        ([, kind = '', verb]) => (kinds.has(kind) ? [`${kind}.${verb}`] : []),
      ),
    );
    expect(taken.length).toBeGreaterThan(15);
    expect(taken.filter((action) => !known.includes(action))).toEqual([]);
  });
});

describe('what is recorded', () => {
  const approved = exampleOf('device.approved');

  it('is refused as a bug when it is of no type, under no subject of its type, or not as its schema', () => {
    const refuse = (change: Partial<{ type: string; subject: string; data: unknown }>) =>
      expect(() => checkEvent({ ...approved, ...change }));
    refuse({ type: 'device.improved' }).toThrow('no domain event is called device.improved');
    refuse({ type: 'constructor' }).toThrow('no domain event');
    refuse({ subject: 'signalbeam.devices.deleted' }).toThrow('is told under');
    refuse({ data: { ...approved.data, deviceId: 'gw-3' } }).toThrow('deviceId');
    refuse({ data: { ...approved.data, secret: 'x' } }).toThrow('secret');
    refuse({ data: null }).toThrow('not as its schema');
  });
});

describe('what is read', () => {
  const approved = exampleOf('device.approved');

  it('may have fields that are not known, or be of a type that is not', () => {
    const more = { ...approved, data: { ...approved.data, colour: 'red' } };
    expect(readEvent(more)).toEqual({ kind: 'read' });
    expect(readEvent({ type: 'device.improved', version: 9, data: 1 })).toEqual({ kind: 'read' });
  });

  it('waits for somebody newer when its data has another meaning, and is refused when it is broken', () => {
    expect(readEvent({ ...approved, version: 2 })).toMatchObject({ kind: 'newer' });
    expect(readEvent({ ...approved, data: {} })).toMatchObject({
      ...{ kind: 'refused', reason: expect.stringContaining('device.approved: deviceId') },
    });
  });
});
