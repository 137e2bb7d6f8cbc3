/**
 * What many devices' reasons have in common, so that a thousand failures are shown as the three they
 * are: ids, digests, addresses and large numbers differ from device to device and are left out; the
 * words stay, and so do short numbers, such as the answer of a probe. Pure.
 */
const causeLengthMax = 200;

const parts: readonly RegExp[] = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\bsha256:[0-9a-f]+/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi,
  /\b\d{4}-\d\d-\d\dT[\d:.]+Z?/g,
  /\d[\d.,_]{3,}\d|\d{4,}/g,
];

export const causeOf = (reason: string): string => {
  const plain = parts.reduce((text, part) => text.replace(part, '…'), reason);
  const cause = plain.replace(/\s+/g, ' ').trim();
  return cause.length <= causeLengthMax ? cause : `${cause.slice(0, causeLengthMax - 1)}…`;
};
