/**
 * Tags: words that people put on devices to find them again. `key=value`, of which a device has one
 * per key, or a bare word. Kept in lower case, so that nobody has to remember how it was written.
 */
export const tagWordLengthMax = 63;
export const tagsPerDeviceMax = 50;

/** A bare tag has the key ''. */
export type Tag = { key: string; value: string };

/** What a query asks of a device's own facts; a tag with such a key would be found by nobody. */
export const fieldNames = [
  'status',
  'name',
  'site',
  'bundle',
  'version',
  'lastseen',
  'health',
] as const;
export type FieldName = (typeof fieldNames)[number];
export const keywords = ['and', 'or', 'not', 'in'] as const;

export const isFieldName = (word: string): word is FieldName =>
  (fieldNames as readonly string[]).includes(word);
export const isKeyword = (word: string): boolean =>
  (keywords as readonly string[]).includes(word.toLowerCase());

const word = /^[a-z0-9][a-z0-9._-]*$/;

const faultOf = (text: string, what: string): string | null => {
  if (text.length > tagWordLengthMax) {
    return `The ${what} has ${text.length} characters; at most ${tagWordLengthMax} are allowed.`;
  }
  return word.test(text)
    ? null
    : `The ${what} may have letters a to z, digits, and inside it . _ and -.`;
};

const reservedFault = (key: string): string | null => {
  if (isFieldName(key)) return `${key} is a fact of every device, not a tag; choose another word.`;
  return isKeyword(key) ? `${key} is a word of the query language; choose another.` : null;
};

export type ParsedTag = { kind: 'tag'; tag: Tag } | { kind: 'refused'; reason: string };

export const parseTag = (text: string): ParsedTag => {
  const lower = text.trim().toLowerCase();
  const at = lower.indexOf('=');
  const name = at < 0 ? lower : lower.slice(0, at);
  const value = at < 0 ? null : lower.slice(at + 1);
  const reason =
    faultOf(name, at < 0 ? 'tag' : 'key') ??
    reservedFault(name) ??
    (value === null ? null : faultOf(value, 'value'));
  if (reason !== null) return { kind: 'refused', reason };
  return { kind: 'tag', tag: value === null ? { key: '', value: name } : { key: name, value } };
};

export const printTag = ({ key, value }: Tag): string => (key === '' ? value : `${key}=${value}`);

/** By key, bare ones first; in the order of code points, as the database has them. */
export const byTag = (a: Tag, b: Tag): number => {
  const [one, two] = a.key === b.key ? [a.value, b.value] : [a.key, b.key];
  return one < two ? -1 : one > two ? 1 : 0;
};

/** What a person wishes: tags to set (replacing what the key had) and tags or keys to take off. */
export type TagChange = { set: readonly Tag[]; unset: readonly Tag[] };

/**
 * `ring` takes off the bare tag as well as any tag with this key; `ring=canary` that one tag only.
 * What is taken off and set in the same change is set.
 */
export const changeTags = (tags: readonly Tag[], change: TagChange): Tag[] => {
  const isUnset = ({ key, value }: Tag): boolean =>
    change.unset.some((wish) =>
      wish.key === ''
        ? (key === '' ? value : key) === wish.value
        : wish.key === key && wish.value === value,
    );
  const isReplaced = ({ key, value }: Tag): boolean =>
    change.set.some((wish) => wish.key === key && (key !== '' || wish.value === value));
  const kept = tags.filter((tag) => !isUnset(tag) && !isReplaced(tag));
  const set = new Map(
    change.set.map((tag) => [tag.key === '' ? printTag(tag) : `${tag.key}=`, tag]),
  );
  return [...kept, ...set.values()].toSorted(byTag);
};
