/**
 * The running hash of a lane: each row's line is hashed onto the hash before it. Two ends that
 * agree on the hash at a sequence agree on every row up to it, so a restored or cloned disk shows.
 */
import { hash } from 'node:crypto';

/** Hash after `line`, given the hash before it. 16 bytes in hex: enough against accident, and forgery is the signature's business. */
export const extendChain = (before: string, line: string): string =>
  hash('sha256', before + line, 'hex').slice(0, 32);
