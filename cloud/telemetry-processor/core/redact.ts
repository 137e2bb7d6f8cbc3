/**
 * Text as an admin may see it: JSON whose fields are named as secrets are has these cut out, whatever
 * is in them. Text that is no JSON is cut whole, because nothing says what is in it. Pure.
 */
const secretName =
  /secret|password|passphrase|token|credential|authorization|cookie|private|api-?key/i;
const depthMax = 20;

const without = (value: unknown, depth: number): unknown => {
  if (depth > depthMax) return '[cut]';
  if (Array.isArray(value)) return value.map((each) => without(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      secretName.test(name) ? '[cut]' : without(each, depth + 1),
    ]),
  );
};

/** Null when it is not JSON. */
export const withoutSecrets = (text: string): string | null => {
  try {
    return JSON.stringify(without(JSON.parse(text), 0), null, 2);
  } catch {
    return null;
  }
};
