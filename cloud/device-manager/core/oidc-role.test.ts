import { expect, test } from 'vitest';
import { standingOf } from './oidc-role.ts';

const rules = {
  claim: 'groups',
  rules: [
    { value: 'everyone', role: 'viewer', sites: null },
    { value: 'north', role: 'operator', sites: ['north'] },
    { value: 'south', role: 'operator', sites: ['south'] },
    { value: 'root', role: 'admin', sites: null },
  ],
  defaultRole: null,
} as const;
const of = (groups: unknown, more: object = {}) =>
  standingOf({ groups }, { ...structuredClone(rules), ...more } as never);

test('the rule that allows most counts, and sites of equal ones add up', () => {
  expect(of(['everyone', 'north', 'south'])).toEqual({
    role: 'operator',
    sites: ['north', 'south'],
  });
  expect(of('root')).toEqual({ role: 'admin', sites: null });
  expect(of(['everyone'])).toEqual({ role: 'viewer', sites: null });
});

test('nobody is let in whom no rule names, unless there is a default', () => {
  for (const groups of [undefined, null, [], 'Root', ['nobody'], { root: true }, [7]]) {
    expect(of(groups)).toBe(null);
    expect(of(groups, { defaultRole: 'viewer' })).toEqual({ role: 'viewer', sites: null });
  }
});

test('a dotted name reaches into objects, and not into what every object has', () => {
  const nested = { ...structuredClone(rules), claim: 'realm.roles' } as never;
  expect(standingOf({ realm: { roles: ['root'] } }, nested)).toMatchObject({ role: 'admin' });
  expect(standingOf({}, { ...rules, claim: 'constructor.name' } as never)).toBe(null);
});
