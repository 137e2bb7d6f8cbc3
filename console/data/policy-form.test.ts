/** A policy goes through the form unchanged, and findings to their field. */
import { expect, it } from 'vitest';
import { findingsOf, formOf, policyFrom } from './policy-form.ts';
import type { PolicyRules } from './types.ts';

const policy: PolicyRules = {
  registries: ['ghcr.io/acme', 'docker.io'],
  hostPaths: [
    { path: '/etc/localtime', writable: false },
    { path: '/srv/x', writable: true },
  ],
  hostPorts: [
    { from: 443, to: 443 },
    { from: 8_000, to: 8_999 },
  ],
  loopbackOnly: true,
  limitsRequired: false,
  memoryBytesMax: 512 * 1024 ** 2,
  cpusMax: 1.5,
};
const bounded = { registries: false, hostPaths: false, hostPorts: false };

it('goes through the form unchanged', () => {
  expect(policyFrom(formOf(policy), bounded)).toEqual(policy);
  const open = { ...policy, registries: null, hostPaths: null, hostPorts: null, cpusMax: null };
  const any = { registries: true, hostPaths: true, hostPorts: true };
  expect(policyFrom(formOf(open), any)).toEqual(open);
  expect(policyFrom({ ...formOf(policy), hostPorts: 'ssh' }, bounded)).toBeNull();
});

it('says at which line a finding is', () => {
  const errors = [
    { path: 'hostPaths[1]', message: 'may not be mounted' },
    { path: 'cpusMax', message: 'too many' },
  ];
  expect(findingsOf(errors, 'hostPaths')).toEqual(['line 2: may not be mounted']);
  expect(findingsOf(errors, 'cpus')).toEqual(['too many']);
  expect(findingsOf(errors, 'registries')).toEqual([]);
});
