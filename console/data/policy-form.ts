/** A bundle policy as the form shows it, one rule a line, and back. Pure. */
import type { FieldError } from './request.ts';
import type { BundlePolicy, PolicyRules } from './types.ts';

export type PolicyForm = {
  registries: string;
  hostPaths: string;
  hostPorts: string;
  loopbackOnly: boolean;
  limitsRequired: boolean;
  memoryMiB: string;
  cpus: string;
};
export type PolicyField = keyof PolicyForm;

export const formOf = (policy: PolicyRules): PolicyForm => ({
  registries: (policy.registries ?? []).join('\n'),
  hostPaths: (policy.hostPaths ?? [])
    .map(({ path, writable }) => (writable ? `${path}:rw` : path))
    .join('\n'),
  hostPorts: (policy.hostPorts ?? [])
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`))
    .join('\n'),
  loopbackOnly: policy.loopbackOnly,
  limitsRequired: policy.limitsRequired,
  memoryMiB: policy.memoryBytesMax === null ? '' : String(policy.memoryBytesMax / 1024 ** 2),
  cpus: policy.cpusMax === null ? '' : String(policy.cpusMax),
});

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const portOf = (line: string): { from: number; to: number } | null => {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(line);
  if (match === null) return null;
  return { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
};

const numberOf = (text: string): number | null => (text.trim() === '' ? null : Number(text));

/** `any`: which lists bound nothing. Null where a port is none. */
export const policyFrom = (
  form: PolicyForm,
  any: Record<'registries' | 'hostPaths' | 'hostPorts', boolean>,
): PolicyRules | null => {
  const ports = linesOf(form.hostPorts).map(portOf);
  if (!any.hostPorts && ports.includes(null)) return null;
  const memoryMiB = numberOf(form.memoryMiB);
  return {
    registries: any.registries ? null : linesOf(form.registries),
    hostPaths: any.hostPaths
      ? null
      : linesOf(form.hostPaths).map((line) => ({
          path: line.replace(/:rw$/, ''),
          writable: line.endsWith(':rw'),
        })),
    hostPorts: any.hostPorts ? null : ports.flatMap((port) => port ?? []),
    loopbackOnly: form.loopbackOnly,
    limitsRequired: form.limitsRequired,
    memoryBytesMax: memoryMiB === null ? null : Math.round(memoryMiB * 1024 ** 2),
    cpusMax: numberOf(form.cpus),
  };
};

const fields: Record<string, PolicyField> = { memoryBytesMax: 'memoryMiB', cpusMax: 'cpus' };

/** Each finding under the field it is about, with the line it means. */
export const findingsOf = (errors: readonly FieldError[], field: PolicyField): string[] =>
  errors.flatMap(({ path, message }) => {
    const [, name = '', index] = /^(\w+)(?:\[(\d+)\])?/.exec(path) ?? [];
    if ((fields[name] ?? name) !== field) return [];
    return index === undefined ? [message] : [`line ${Number(index) + 1}: ${message}`];
  });

export const rulesOf = ({ installation: _, ...rules }: BundlePolicy): PolicyRules => rules;
