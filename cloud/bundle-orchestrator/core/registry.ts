/**
 * Which registry and which name an engine would really ask for, in one spelling, and whether a rule of
 * an allow-list covers it. A rule is a registry (`ghcr.io`, `registry.example:5000`) or part of one
 * (`ghcr.io/acme`): whole names are compared, so `ghcr.io/acme` is not `ghcr.io/acme-evil`. Pure.
 */

/** Several names of one registry: an allow-list that knows only one of them would be no list. */
const aliases: Record<string, string> = {
  'index.docker.io': 'docker.io',
  'registry-1.docker.io': 'docker.io',
  'registry.hub.docker.com': 'docker.io',
};

const isRegistry = (first: string): boolean => /[.:]/.test(first) || first === 'localhost';

const registryNamed = (first: string): string => {
  const host = first.toLowerCase().replace(/:443$/, '').replace(/\.$/, '');
  return aliases[host] ?? host;
};

/** The registry an engine would ask, in one spelling: without default port, final dot or alias. */
export const registryOf = (reference: string): string => {
  const first = reference.split('/')[0] ?? '';
  // Engines take a first part without dot or port as a name on Docker Hub.
  return isRegistry(first) ? registryNamed(first) : 'docker.io';
};

/** `docker.io/nginx@…` → registry, and the parts of the name as the registry knows them. */
const placeOf = (reference: string): { registry: string; name: string[] } => {
  const parts = (reference.split('@')[0] ?? '').split('/');
  const name = isRegistry(parts[0] ?? '') ? parts.slice(1) : parts;
  const registry = registryOf(reference);
  return registry === 'docker.io' && name.length === 1
    ? { registry, name: ['library', ...name] }
    : { registry, name };
};

const rulePattern =
  /^(?:localhost|[a-z0-9]+(?:[.-][a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*|:\d{1,5}))(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export const isRegistryRule = (rule: string): boolean => rulePattern.test(rule);

export const isCovered = (reference: string, rule: string): boolean => {
  const [first = '', ...prefix] = rule.split('/');
  const { registry, name } = placeOf(reference);
  return (
    registryNamed(first) === registry &&
    prefix.length <= name.length &&
    prefix.every((part, index) => part === name[index])
  );
};
