/**
 * A secret's value at rest: sealed under the key-encryption key, with its tenant, its id and its
 * revision bound in, so a row that is copied to another tenant or put back does not open.
 */
import type { Kek } from '@signalbeam/platform/keys/kek';

export type ValuePlace = { tenantId: string; id: string; revision: number };

const contextOf = ({ tenantId, id, revision }: ValuePlace): string =>
  `secret:${tenantId}:${id}:${revision}`;

export const restValue = (kek: Kek, place: ValuePlace, value: string): Buffer =>
  kek.seal(Buffer.from(value, 'utf8'), contextOf(place));

/** Only to be sealed to a device again. */
export const takeValue = (kek: Kek, place: ValuePlace, sealed: Uint8Array): Buffer =>
  kek.open(sealed, contextOf(place));
