/**
 * Cheap 32-bit hashes for summaries and for the ring. They find differences; they protect nothing:
 * who wants to collide them only keeps differences from himself.
 */

/** FNV-1a over the characters, then murmur's finish so that each bit depends on each. */
export const hash32 = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};
