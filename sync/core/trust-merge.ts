/**
 * One belief from two copies of it. They may be of different timelines: a whole disk was restored,
 * and later only its database, from before that. No count of commits orders such copies; what was
 * signed does. Invariants: nothing falls below either copy, and what only keys signed that are
 * withdrawn by now sets no floor. It believes nothing that neither copy believed. Pure.
 */
import type { RecordName } from './records.ts';
import { raiseTimeFloor, type Witness } from './time-floor.ts';
import { afterKeyChange, type Floor, roleOf, signedBy, stillTrusted, type Trust } from './trust.ts';

/** The copy whose keys are in force: of the newest root, then of the newest key set under it. */
const inOrder = (left: Trust, right: Trust): [newer: Trust, older: Trust] => {
  const roots = left.root.version - right.root.version;
  const keysets = (left.keyset?.version ?? 0) - (right.keyset?.version ?? 0);
  return (roots === 0 ? keysets : roots) >= 0 ? [left, right] : [right, left];
};

/** The copy with the older root may have the newer key set; it counts if the newest root signed it. */
const withNewestKeyset = (trust: Trust, { keyset, floors }: Trust): Trust => {
  const name = 'tenant/keyset';
  const floor = floors.get(name);
  if (keyset === null || floor === undefined) return trust;
  if (keyset.version <= (trust.floors.get(name)?.version ?? 0)) return trust;
  if (!signedBy(floor.keyIds, trust.root.keys, trust.root.threshold)) return trust;
  return afterKeyChange({ ...trust, keyset, floors: new Map(trust.floors).set(name, floor) });
};

/** What was learnt with a record goes with its floor. */
const learntWith = (name: RecordName, trust: Trust, from: Trust): Partial<Trust> => {
  switch (name) {
    case 'site/roster':
      return { members: from.members, siteKeyGeneration: from.siteKeyGeneration };
    case 'tenant/revocation':
      return { revoked: from.revoked };
    case 'site/snapshot':
      return { snapshot: from.snapshot };
    default: {
      const id = name.startsWith('grant/') ? name.slice('grant/'.length) : '';
      const grant = from.grants.get(id);
      return grant === undefined ? {} : { grants: new Map(trust.grants).set(id, grant) };
    }
  }
};

const withFloor = (trust: Trust, name: RecordName, floor: Floor, from: Trust): Trust => ({
  ...trust,
  ...learntWith(name, trust, from),
  floors: new Map(trust.floors).set(name, floor),
});

export const mergeTrust = (left: Trust, right: Trust): Trust => {
  const [newer, older] = inOrder(left, right);
  let trust = withNewestKeyset(newer, older);
  const trusted = stillTrusted(trust.root, trust.keyset);
  for (const [name, floor] of older.floors) {
    if (name === 'tenant/root' || name === 'tenant/keyset') continue;
    const role = roleOf(name);
    if (floor.version <= (trust.floors.get(name)?.version ?? 0)) continue;
    if (role === null || trusted(role, floor.keyIds)) trust = withFloor(trust, name, floor, older);
  }
  let { time } = trust;
  for (const [by, said] of Object.entries(older.time.said)) {
    if (trusted(by as Witness, said.keyIds)) time = raiseTimeFloor(time, by as Witness, said);
  }
  return { ...trust, time };
};
