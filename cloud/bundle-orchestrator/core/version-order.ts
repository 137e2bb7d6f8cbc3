/**
 * The order of semantic versions, as a comparison and as a key whose bytes sort the same way, so
 * that a database index knows the highest version. Expects versions that `bundleVersion` accepted.
 */

/** Identifiers are parted by the lowest character of a key: a shorter list comes first. */
const separator = '!';

type Parts = { numbers: readonly string[]; preRelease: readonly string[] };

const partsOf = (version: string): Parts => {
  const dash = version.indexOf('-');
  const core = dash === -1 ? version : version.slice(0, dash);
  return {
    numbers: core.split('.'),
    preRelease: dash === -1 ? [] : version.slice(dash + 1).split('.'),
  };
};

const isNumeric = (identifier: string): boolean => /^\d+$/.test(identifier);

/** Its length first: then longer numbers sort after shorter ones. A version has 64 characters at most. */
const numberKey = (digits: string): string => {
  const plain = digits.replace(/^0+(?=\d)/, '');
  return String(plain.length).padStart(2, '0') + plain;
};

/** Numbers come before words. */
const identifierKey = (identifier: string): string =>
  isNumeric(identifier) ? `0${numberKey(identifier)}` : `1${identifier}`;

/** A text whose bytes order versions by precedence: 1.9.0 < 1.10.0-rc.1 < 1.10.0. */
export const versionOrderKey = (version: string): string => {
  const { numbers, preRelease } = partsOf(version);
  const core = numbers.map(numberKey).join(separator);
  // `~` sorts after every key of a pre-release: a release is higher than its own candidates.
  return preRelease.length === 0
    ? `${core}${separator}~`
    : `${core}${separator}${preRelease.map(identifierKey).join(separator)}`;
};

/** Negative when `left` is the lower version. */
export const compareVersions = (left: string, right: string): number => {
  const [a, b] = [versionOrderKey(left), versionOrderKey(right)];
  return a < b ? -1 : a > b ? 1 : 0;
};
