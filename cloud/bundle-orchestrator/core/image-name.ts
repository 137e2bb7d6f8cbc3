/**
 * The names people give images, taken apart: `registry.example:5000/team/app:1.2` is kept here as
 * name `team/app` with tag `1.2`. Pure.
 */

/** One or several lower-case parts, as a registry path allows them. */
const namePattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const registryPattern = /^[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*(?::\d{1,5})?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const nameLengthMax = 200;

export const isImageName = (name: string): boolean =>
  name.length <= nameLengthMax && namePattern.test(name);

const withoutRegistry = (path: string): string => {
  const slash = path.indexOf('/');
  if (slash === -1) return path;
  const first = path.slice(0, slash);
  const rest = path.slice(slash + 1);
  const isRegistry = first === 'localhost' || (/[.:]/.test(first) && registryPattern.test(first));
  if (!isRegistry) return path;
  return first === 'docker.io' && rest.startsWith('library/')
    ? rest.slice('library/'.length)
    : rest;
};

/** Null when there is no usable name in it: a bare tag, or letters that no registry takes. */
export const parseImageTag = (text: string): { name: string; tag: string | null } | null => {
  const plain = text.split('@')[0] ?? '';
  const colon = plain.lastIndexOf(':');
  const tagged = colon > plain.lastIndexOf('/');
  const name = withoutRegistry(tagged ? plain.slice(0, colon) : plain);
  const tag = tagged ? plain.slice(colon + 1) : null;
  if (!isImageName(name) || (tag !== null && !tagPattern.test(tag))) return null;
  return { name, tag };
};
