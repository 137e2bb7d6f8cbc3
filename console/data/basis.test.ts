/** What a save is sent with, and what is said when somebody was faster. */
import { describe, expect, it } from 'vitest';
import { beganWith, changedMeanwhile, ifMatchOf, readBefore, rememberTag } from './basis.ts';

const now = Date.parse('2026-11-27T14:30:00Z');

describe('a save', () => {
  it('says what it was filled from, by its tag or by its version in a list', () => {
    const group = { id: 'g' };
    expect(ifMatchOf({ read: group, target: 'group:g' })).toBeUndefined();
    rememberTag(group, '"a.b"');
    expect(ifMatchOf({ read: group, target: 'group:g' })).toBe('"a.b"');
    expect(ifMatchOf({ read: { version: 'v1' }, target: 'site:north' })).toBe('"v1"');
    for (const odd of [null, 'text']) rememberTag(odd, '"a.b"');
  });

  it('is about what was there when somebody began to write', () => {
    const form = new EventTarget();
    const [first, renewed] = [{ version: 'v1' }, { version: 'v2' }];
    expect(readBefore(form, renewed)).toBe(renewed);
    beganWith(form, first);
    beganWith(form, renewed);
    expect(readBefore(form, renewed)).toBe(first);
  });

  it('that is refused says who was faster, keeps the text, and may then go through', () => {
    const site = { version: 'v1' };
    const basis = { read: site, target: 'site:north' };
    const last = { actor: 'user:ada@works.example', at: '2026-11-27T14:02:00Z' };
    const said = changedMeanwhile(basis, last, now);
    expect(said.detail).toMatch(/^ada@works\.example changed this at \d\d:\d\d; .*is kept here\.$/);
    expect(said.next).toContain('Save again');
    expect(ifMatchOf(basis)).toBe('*');
    // Another reading of it is another basis.
    expect(ifMatchOf({ read: { version: 'v2' }, target: 'site:north' })).toBe('"v2"');
    const unknown = changedMeanwhile({ read: {}, target: 'site:north' }, null, now);
    expect(unknown.detail).toContain('Somebody changed this in the meantime');
  });
});
