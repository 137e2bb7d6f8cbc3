/**
 * Paths to pages and back, pure: patterns like `/devices/:id`, first match wins. `:id` takes nothing but
 * an id: an address that was cut short in a message is told as such, not by what the API thinks of it.
 */
export type Params = Readonly<Record<string, string>>;

const idShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export const matchPath = (pattern: string, path: string): Params | null => {
  const want = pattern.split('/').filter(Boolean);
  const have = path.split('/').filter(Boolean);
  if (want.length !== have.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const actual = have[index] ?? '';
    if (part === ':id' && !idShape.test(actual)) return null;
    if (part.startsWith(':')) params[part.slice(1)] = decode(actual);
    else if (part !== actual) return null;
  }
  return params;
};

/** The address with one search parameter changed; an empty value removes it. */
export const withQuery = (
  path: string,
  search: string,
  changes: Record<string, string>,
): string => {
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === '') query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
};
