/**
 * No spelling of another registry gets past the allow-list: whatever a reference looks like, if it is
 * taken, an engine would ask a registry of the list. The judge is the engines' own rule (Docker's
 * distribution/reference), written down apart from the code it judges.
 */
import { containerSchema, imageReference } from '@signalbeam/sync/wire/manifest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPolicy, policyErrors } from './policy.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const registries = ['docker.io', 'ghcr.io/acme', 'registry.example:5000', 'localhost:5000'];
const policy = { ...openPolicy, registries };

/** `splitDockerDomain`: which host an engine asks, and for which name. */
const askedOf = (reference: string): { host: string; name: string } => {
  const name = reference.slice(0, reference.lastIndexOf('@'));
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  const isHost =
    slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  const host = isHost ? first : 'docker.io';
  const rest = isHost ? name.slice(slash + 1) : name;
  const hub = host === 'index.docker.io' ? 'docker.io' : host;
  return { host: hub, name: hub === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest };
};

/** Several names of Docker Hub, and a port that says what is so anyway. */
const hub = ['docker.io', 'registry-1.docker.io', 'registry.hub.docker.com', 'index.docker.io'];
const isOfList = (reference: string): boolean => {
  const { host, name } = askedOf(reference);
  const asked = host.replace(/:443$/, '');
  if (asked === 'signalbeam.local') return !host.includes(':');
  return (
    hub.includes(asked) ||
    (asked === 'ghcr.io' && /^acme(?:\/|$)/.test(name)) ||
    ['registry.example:5000', 'localhost:5000'].includes(asked)
  );
};

/** As it is when a version is made: the shape first, then the policy. */
const isTaken = (image: string): boolean => {
  const parsed = containerSchema.safeParse({ name: 'web', image });
  return parsed.success && policyErrors([parsed.data], [policy]).length === 0;
};

const allowed = ['docker.io', 'ghcr.io', 'ghcr.io/acme', 'registry.example:5000', 'localhost:5000'];
const foreign = [
  ...['evil.example', 'evil', 'docker.io.evil.example', 'docker.iо', 'dосker.io', 'ghcr.io-evil'],
  ...['xn--dcker-jua.io', '127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:1.2.3.4]'],
  ...['registry.example', 'registry.example:5001', 'registry.example:05000', 'localhost'],
  ...['ⅾocker.io', 'docker。io', 'docker.io․', 'signalbeam.local.evil.example', 'DOCKER.IO'],
];
const glue = [
  ...['', '/', '//', '/./', '/../', '@', ':', ':443', ':0443', ':80', ':5000', ':65536', '.', '..'],
  ...['%2f', '%2e', '%40', '%00', '\\', '\\\\', '#', '?', '&', ' ', '\t', '\n', '\r\n', '\u00a0'],
  ...['\u200b', '\u202e', '\0', 'user@', 'user:pw@', 'https://', 'oci://', '-', '_', '__', '~'],
];
const names = ['nginx', 'library/nginx', 'acme/app', 'acme', 'Acme/App', 'a/b/c', `web@${digest}`];
const piece = fc.oneof(
  fc.constantFrom(...allowed, ...foreign),
  fc.constantFrom(...glue),
  fc.constantFrom(...names),
  fc.constantFrom(...[...allowed, ...foreign].map((text) => text.toUpperCase())),
  fc.string({ maxLength: 3, unit: 'binary' }),
);
const end = fc.constantFrom(`@${digest}`, `:1@${digest}`, ':1', '', `@${digest}@${digest}`);

describe('the allow-list of registries', () => {
  it('holds for whatever is put together from the parts of references', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), end, (pieces, ending) => {
        const image = `${pieces.join('')}${ending}`;
        if (isTaken(image)) expect([image, isOfList(image)]).toEqual([image, true]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('holds for every reference of the right shape', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.:-]{1,12}(\/[a-z0-9.-]{1,6}){0,3}$/), (text) => {
        const image = `${text}@${digest}`;
        if (isTaken(image)) expect([image, isOfList(image)]).toEqual([image, true]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('holds for a foreign registry in any disguise, and keeps nobody of the list out', () => {
    for (const host of allowed) {
      const image = `${host}/acme/app@${digest}`;
      const isPart = host === 'ghcr.io' || host === 'ghcr.io/acme';
      expect([image, isTaken(image)]).toEqual([image, isPart || isOfList(image)]);
    }
    for (const host of foreign) {
      for (const between of glue) {
        for (const name of names) {
          const image = `${host}${between}/${name}@${digest}`;
          // `evil/library/nginx` names nobody: engines take it for a name on Docker Hub, and so do we.
          if (!isTaken(image)) continue;
          expect(imageReference.safeParse(image).success).toBe(true);
          expect([image, isOfList(image)]).toEqual([image, true]);
        }
      }
    }
  });
});
