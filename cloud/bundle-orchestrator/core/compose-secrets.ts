/**
 * Secrets of a compose file: those that are kept elsewhere (`external`), given to services as files. A
 * value in the file, or beside it, is refused: it is set where nobody reads it again. Pure.
 */
import type { Field, Reader } from './compose.ts';
import type { Placed } from './placed.ts';

const valueElsewhere = (key: string): string =>
  `values don’t belong into a version: set it with signalbeam secrets create ${key.replaceAll('_', '-')}, and write external: true`;
const withValues = ['file', 'environment', 'content'];

const nameOf = (reader: Reader, key: string, at: Placed, value: Placed): string => {
  const path = `secrets.${key}`;
  let name = key;
  let isExternal = false;
  let isRefused = false;
  for (const one of reader.map(value, path)) {
    const here = `${path}.${one.key}`;
    if (one.key === 'external') isExternal = reader.text(one.value, here) === 'true';
    else if (one.key === 'name') name = reader.text(one.value, here) ?? key;
    else {
      const isValue = withValues.includes(one.key);
      reader.refuse(one.at, here, isValue ? valueElsewhere(key) : 'can’t be said in a bundle');
      isRefused = true;
    }
  }
  if (!isExternal && !isRefused) reader.refuse(at, path, valueElsewhere(key));
  return name;
};

/** What the secrets of the file are called here, by their names in it. */
export const declaredSecrets = (reader: Reader, node: Placed): ReadonlyMap<string, string> =>
  new Map(
    reader
      .map(node, 'secrets')
      .map(({ key, at, value }) => [key, nameOf(reader, key, at, value)] as const),
  );

/** The name in the file, and where it goes: compose's own folder where nothing is said. */
const wishOf = (
  reader: Reader,
  item: Placed,
  here: string,
): { source: string; target: string } | undefined => {
  if (item.kind !== 'map') {
    const source = reader.text(item, here);
    return source === undefined ? undefined : { source, target: source };
  }
  const found: Record<string, string> = {};
  for (const { key, at, value } of item.entries) {
    if (key === 'source' || key === 'target') {
      found[key] = reader.text(value, `${here}.${key}`) ?? '';
    } else
      reader.refuse(at, `${here}.${key}`, 'can’t be said: everybody in the container reads it');
  }
  const { source = '', target = source } = found;
  return { source, target };
};

export const secretFilesField =
  (declared: ReadonlyMap<string, string>): Field =>
  (reader, node, path) => {
    const files = reader.list(node, path).flatMap((item, at) => {
      const here = `${path}[${at}]`;
      const wish = wishOf(reader, item, here);
      if (wish === undefined) return [];
      const name = declared.get(wish.source);
      if (name === undefined) {
        reader.refuse(item, here, `${wish.source} is not among the secrets of this file`);
        return [];
      }
      const { target } = wish;
      return [[target.startsWith('/') ? target : `/run/secrets/${target}`, name] as const];
    });
    return { secretFiles: Object.fromEntries(files) };
  };
