/** What bundles may ask of a device, as this tenant lets them. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { bytesOf, pathsOf, portsOf } from '../core/policy-words.ts';
import { UsageError } from '../exit.ts';

type Policy = Schemas['BundlePolicy'];

const list = (items: readonly string[] | null, any: string): string => {
  if (items === null) return any;
  return items.length === 0 ? 'none' : items.join(', ');
};
const pathText = ({ path, writable }: { path: string; writable: boolean }): string =>
  writable ? `${path}:rw` : path;
const rangeText = ({ from, to }: { from: number; to: number }): string =>
  from === to ? String(from) : `${from}-${to}`;

const lines = ({ installation, ...policy }: Policy) =>
  [
    ['registries', list(policy.registries, list(installation.registries, 'any'))],
    [
      'host paths',
      list((policy.hostPaths ?? installation.hostPaths)?.map(pathText) ?? null, 'any'),
    ],
    ['host ports', list(policy.hostPorts?.map(rangeText) ?? null, 'any')],
    ['loopback only', policy.loopbackOnly ? 'yes' : 'no'],
    ['limits required', policy.limitsRequired ? 'yes' : 'no'],
    ['memory at most', policy.memoryBytesMax === null ? 'any' : `${policy.memoryBytesMax} bytes`],
    ['processors at most', policy.cpusMax === null ? 'any' : String(policy.cpusMax)],
  ] as const;

const show = command({
  name: 'bundle-policy show',
  summary: 'Show what bundles may ask of a device',
  examples: ['bundle-policy show', 'bundle-policy show --json'],
  run: async ({ client, output }) => {
    const policy = await client().get('/api/bundle-policy');
    output.one(policy, lines(policy));
  },
});

const yesOrNo = ['yes', 'no'] as const;

/** `any` takes the bound away. */
const read = <T>(name: string, text: string, parse: (text: string) => T | null): T | null => {
  if (text === 'any') return null;
  const parsed = parse(text);
  if (parsed === null) throw new UsageError(`--${name} can't be \`${text}\`.`);
  return parsed;
};
const words = (text: string): string[] =>
  text === 'none' ? [] : text.split(',').map((word) => word.trim());
const cpusOf = (text: string): number | null =>
  Number.isFinite(Number(text)) && text !== '' ? Number(text) : null;

const edit = command({
  name: 'bundle-policy edit',
  summary: 'Change what versions made from now on may ask of a device',
  flags: {
    registries: {
      type: 'string',
      value: 'LIST',
      about: 'such as ghcr.io/acme,docker.io; any; none',
    },
    'host-paths': {
      type: 'string',
      value: 'LIST',
      about: 'such as /etc/localtime,/srv/x:rw; any; none',
    },
    'host-ports': { type: 'string', value: 'LIST', about: 'such as 443,8000-8999; any; none' },
    'loopback-only': {
      type: 'string',
      value: 'YES|NO',
      about: 'ports on 127.0.0.1 only',
      choices: yesOrNo,
    },
    'limits-required': {
      type: 'string',
      value: 'YES|NO',
      about: 'memory and cpus must be set',
      choices: yesOrNo,
    },
    'memory-max': { type: 'string', value: 'SIZE', about: 'of one container, such as 512Mi; any' },
    'cpus-max': { type: 'string', value: 'N', about: 'of one container; any' },
  },
  examples: [
    'bundle-policy edit --registries ghcr.io/acme --limits-required yes --memory-max 512Mi',
  ],
  run: async ({ client, output }, _words, values) => {
    const { registries, 'host-paths': paths, 'host-ports': ports } = values;
    const { 'memory-max': memory, 'cpus-max': cpus } = values;
    const body = {
      ...(registries === undefined ? {} : { registries: read('registries', registries, words) }),
      ...(paths === undefined
        ? {}
        : { hostPaths: read('host-paths', paths, (text) => pathsOf(words(text))) }),
      ...(ports === undefined
        ? {}
        : { hostPorts: read('host-ports', ports, (text) => portsOf(words(text))) }),
      ...(values['loopback-only'] === undefined
        ? {}
        : { loopbackOnly: values['loopback-only'] === 'yes' }),
      ...(values['limits-required'] === undefined
        ? {}
        : { limitsRequired: values['limits-required'] === 'yes' }),
      ...(memory === undefined ? {} : { memoryBytesMax: read('memory-max', memory, bytesOf) }),
      ...(cpus === undefined ? {} : { cpusMax: read('cpus-max', cpus, cpusOf) }),
    };
    if (Object.keys(body).length === 0) throw new UsageError('Say what to change.');
    const policy = await client().patch('/api/bundle-policy', { body });
    output.one(policy, lines(policy));
  },
});

export const policyCommands = [show, edit];
