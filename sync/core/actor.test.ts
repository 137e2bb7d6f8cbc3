/** Everybody whom the cloud writes down as having done something, as people read it. */
import { expect, it } from 'vitest';
import { nameOfActor } from './actor.ts';

it.each([
  ['user:ada@plant.example', 'ada@plant.example'],
  ['ada@plant.example', 'ada@plant.example'],
  ['service-account:ci', 'service account ci'],
  ['user:ada@plant.example via service-account:ci', 'ada@plant.example via service account ci'],
  ['registration-token:sbr_1a2b', 'token sbr_1a2b'],
  ['device:7f0c', 'device 7f0c'],
  ['oidc:https://id.example:8443/a', 'the provider https://id.example:8443/a'],
  ['system', 'the cloud itself'],
  ['something:new', 'something:new'],
  ['', ''],
])('reads %j as %j', (actor, name) => {
  expect(nameOfActor(actor)).toBe(name);
});
