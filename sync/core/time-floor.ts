/**
 * What time it is at least, as far as signatures tell: the newest of the program's build, and of
 * every verified time that the cloud signed. Invariants: it never falls, except when the keys that
 * said a time are withdrawn; a device's clock has no part in it, so setting a clock changes nothing.
 * It catches what is old; it can't tell that something is too new.
 */
import type { Role } from './records.ts';

export type Witness = 'root' | Role;

/** The newest time that keys of a role have signed, and which keys those were. */
type Said = { atMs: number; keyIds: readonly string[] };
export type TimeFloor = {
  builtAtMs: number;
  said: Readonly<Partial<Record<Witness, Said>>>;
};

export const startTimeFloor = (builtAtMs: number): TimeFloor => ({ builtAtMs, said: {} });

export const timeFloorMs = (floor: TimeFloor): number =>
  Math.max(floor.builtAtMs, ...Object.values(floor.said).map(({ atMs }) => atMs));

/** Takes a verified time; an older one of the same role changes nothing. */
export const raiseTimeFloor = (floor: TimeFloor, by: Witness, said: Said): TimeFloor => {
  const before = floor.said[by];
  if (before !== undefined && before.atMs >= said.atMs) return floor;
  return { ...floor, said: { ...floor.said, [by]: said } };
};

/**
 * Keys were withdrawn: what only they said counts no more. So a stolen key that signed the year
 * 2100 blocks installs until its rotation, not for ever.
 */
export const forgetWitnesses = (
  floor: TimeFloor,
  trusted: (by: Witness, keyIds: readonly string[]) => boolean,
): TimeFloor => {
  const said = Object.entries(floor.said).filter(([by, { keyIds }]) =>
    trusted(by as Witness, keyIds),
  );
  return { ...floor, said: Object.fromEntries(said) };
};
