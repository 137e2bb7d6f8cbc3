/**
 * How much a member may remember, each of its tables by its named limit: what no hostile sender can
 * make grow. A table that is not listed here fails, so a new one gets a limit of its own.
 */
import {
  addressLengthMax,
  bucketCount,
  claimBytesMax,
  confirmationsMax,
  fetchesMax,
  fetchNamesMax,
  hintsMax,
  holdersMax,
  oldBootsMax,
  pieceBytesMax,
  piecesMax,
  pullsMax,
  pushesMax,
  recordNameLengthMax,
  recordsMax,
  roundsMax,
  rumoursMax,
  warningsMax,
} from './limits.ts';
import type { Mesh } from './mesh.ts';

type Table = { size: number; max: number };

const sizeOf = (value: unknown): number | null => {
  if (value instanceof Map || value instanceof Set) return value.size;
  return Array.isArray(value) || value instanceof Uint32Array ? value.length : null;
};
const most = (sizes: readonly number[]): number => sizes.reduce((a, b) => Math.max(a, b), 0);

const limitsOf = (mesh: Mesh): Record<string, number> => ({
  members: mesh.members.size,
  ring: mesh.members.size,
  outbid: oldBootsMax,
  rotation: mesh.members.size,
  rounds: roundsMax,
  rumours: rumoursMax,
  gossipRotation: mesh.members.size,
  pushes: pushesMax,
  records: recordsMax,
  buckets: bucketCount,
  wants: recordsMax,
  pulls: pullsMax,
  fetches: fetchesMax,
  pauses: mesh.members.size,
  contacts: hintsMax,
  warnedAt: warningsMax,
});

/** What lies inside of an entry, the largest of its kind. */
const inside = (mesh: Mesh): Record<string, Table> => {
  const [members, wants] = [[...mesh.members.values()], [...mesh.wants]];
  const pieces = [...mesh.pulls.values()].flatMap((pull) => pull.pieces);
  const claims = members.flatMap(({ signed }) => signed?.bytes.byteLength ?? []);
  const names = [...wants.map(([name]) => name), ...mesh.records.keys()];
  return {
    'members of the roster': { size: mesh.members.size, max: 200 },
    'boots of a member': {
      size: most(members.map(({ oldBoots }) => oldBoots.length)),
      max: oldBootsMax,
    },
    'who suspects': {
      size: most(members.map(({ suspicion }) => suspicion?.by.length ?? 0)),
      max: confirmationsMax + 1,
    },
    'bytes of a claim': { size: most(claims), max: claimBytesMax },
    'holders of a record': {
      size: most(wants.map(([, { holders }]) => holders.length)),
      max: holdersMax,
    },
    'letters of a record': {
      size: most(names.map((name) => name.length)),
      max: recordNameLengthMax,
    },
    'pieces that wait': { size: pieces.length, max: pullsMax * piecesMax },
    'bytes of a piece': {
      size: most(pieces.map((piece) => piece?.byteLength ?? 0)),
      max: pieceBytesMax,
    },
    'names of a fetch': {
      size: most([...mesh.fetches.values()].map(({ names: all }) => all.length)),
      max: fetchNamesMax,
    },
    'letters of an address': {
      size: most([...mesh.contacts.keys()].map((address) => address.length)),
      max: addressLengthMax,
    },
  };
};

/** What is larger than it may be, or has no limit at all; empty when all is well. */
export const beyondLimits = (mesh: Mesh): string[] => {
  const limits = limitsOf(mesh);
  const tables = Object.entries(mesh).flatMap(([name, value]): [string, Table][] => {
    const size = sizeOf(value);
    return size === null ? [] : [[name, { size, max: limits[name] ?? -1 }]];
  });
  return [...tables, ...Object.entries(inside(mesh))].flatMap(([name, { size, max }]) =>
    size <= max ? [] : [`${name}: ${size} of ${max}`],
  );
};
