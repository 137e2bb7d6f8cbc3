/**
 * Whether two values say the same as JSON: the order of an object's keys aside, and a key without a
 * value as none. Cheaper than writing both down, where the same is looked at again and again. Pure.
 */
type Fields = Readonly<Record<string, unknown>>;

const sameItems = (left: readonly unknown[], right: readonly unknown[]): boolean => {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (!isSameJson(left[index], right[index])) return false;
  }
  return true;
};

const sameFields = (left: Fields, right: Fields): boolean => {
  for (const key in left) if (!isSameJson(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
};

export const isSameJson = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  return !Array.isArray(right) && sameFields(left as Fields, right as Fields);
};
