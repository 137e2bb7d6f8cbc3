/** What makes a container another one, and what does not. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { labels } from './container.ts';
import { planContainers } from './spec.ts';
import { containerManifest, release } from './world.fixture.ts';

const context = {
  deviceId: '00000000-0000-4000-8000-0000000000d1',
  registryPort: 5000,
  hash: (text: string) => createHash('sha256').update(text).digest('hex'),
};
const nameOf = (more: Parameters<typeof containerManifest>[2]) =>
  planContainers(release('1.0.0', [containerManifest('web', 'web', more)]), context)[0]?.spec.name;

describe('the name of a container', () => {
  it('is the one that agents gave it which knew of no order', () => {
    const {
      dependsOn: _,
      secretEnvironment: __,
      secretFiles: ___,
      ...before
    } = containerManifest('web', 'web');
    const spec = context.hash(JSON.stringify([release('1.0.0', []).bundleId, before]));
    expect(nameOf({})).toBe(`sb-00000000-hello-web-${spec.slice(0, 8)}`);
  });

  it('changes with what it runs, and not with when it starts', () => {
    expect(nameOf({ dependsOn: ['db'] })).toBe(nameOf({}));
    expect(nameOf({ command: ['serve'] })).not.toBe(nameOf({}));
  });

  it('changes with the value of a secret that it uses, and not when that is sealed afresh', () => {
    const of = release('1.0.0', [
      containerManifest('web', 'web', { secretEnvironment: { PASSWORD: 'db' } }),
      containerManifest('plain', 'web'),
    ]);
    const planned = (revision: string, box: string) =>
      planContainers(of, {
        ...context,
        secrets: [
          { name: 'db', revision, ephemeralKey: 'e', box },
          { name: 'other', revision: `${revision}1`, ephemeralKey: 'e', box },
        ],
      });
    const names = (revision: string, box: string) =>
      planned(revision, box).map(({ spec }) => spec.name);
    expect(names('a.1', 'sealed again')).toEqual(names('a.1', 'sealed'));
    expect(names('a.2', 'sealed')[0]).not.toBe(names('a.1', 'sealed')[0]);
    expect(names('a.2', 'sealed')[1]).toBe(names('a.1', 'sealed')[1]);
    expect(planned('a.1', 'sealed')[0]?.spec).toMatchObject({
      environment: {},
      labels: { [labels.secrets]: 'PASSWORD' },
    });
  });
});
