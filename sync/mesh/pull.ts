/**
 * Records of a few kilobytes, asked for and answered in pieces by datagrams: what is missing is asked
 * for again, of the next holder each time. Invariants: a few pulls at once, each of bounded size and
 * tries; a pull that comes to nothing is left to a fetch over HTTPS, which judges the promise; what
 * came together is offered to the shell, never believed. No member gets more than its share.
 */
import {
  pieceBytesMax,
  piecesMax,
  piecesPerSecond,
  pullAgainMs,
  pullsMax,
  pullTriesMax,
} from './limits.ts';
import { isHere, sendTo } from './members.ts';
import type { Member, Mesh, Pull, Work } from './mesh.ts';
import type { MeshMessage, RecordName } from './message.ts';

type Wish = Extract<MeshMessage, { kind: 'want' }>;
type Piece = Extract<MeshMessage, { kind: 'record' }>;

/** True while there is hope that it comes by datagrams, or the shell has it before it. */
export const isPulled = (mesh: Mesh, name: RecordName): boolean => {
  const pull = mesh.pulls.get(name);
  return pull !== undefined && pull.state !== 'over';
};

/** What came together was not taken. */
export const giveUpPull = (mesh: Mesh, name: RecordName): void => {
  const pull = mesh.pulls.get(name);
  if (pull?.state === 'offered') pull.state = 'over';
};

const missingOf = ({ pieces }: Pull): number =>
  // Of how many it has, the first answer tells.
  pieces.length === 0
    ? 0xffff
    : pieces.reduce((bits, piece, index) => (piece === null ? bits | (1 << index) : bits), 0);

const askNext = (work: Work, name: RecordName, pull: Pull, holders: readonly string[]): void => {
  const { mesh } = work;
  const able = holders.flatMap((device) => {
    const member = mesh.members.get(device);
    return member !== undefined && isHere(member) && member.offersAfter <= mesh.lived ? member : [];
  });
  const holder = able[pull.tries % Math.max(1, able.length)];
  pull.tries += 1;
  pull.askAt = mesh.lived + pullAgainMs;
  if (holder === undefined || pull.tries > pullTriesMax) {
    pull.state = 'over';
    pull.pieces = [];
    return;
  }
  const { version } = pull;
  sendTo(work, holder, { kind: 'want', name, version, missing: missingOf(pull) });
};

/** Begins what is wanted newly, asks again for what is late, and forgets what is wanted no more. */
export const planPulls = (work: Work): void => {
  const { mesh } = work;
  for (const [name, pull] of mesh.pulls) {
    if (mesh.wants.get(name)?.version !== pull.version) mesh.pulls.delete(name);
  }
  for (const [name, want] of mesh.wants) {
    let pull = mesh.pulls.get(name);
    if (pull === undefined) {
      if (mesh.pulls.size >= pullsMax) continue;
      const { version } = want;
      pull = { version, pieces: [], tries: 0, askAt: mesh.lived, state: 'asking' };
      mesh.pulls.set(name, pull);
    }
    if (pull.state === 'asking' && pull.askAt <= mesh.lived)
      askNext(work, name, pull, want.holders);
  }
};

const piecesOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.byteLength / pieceBytesMax) }, (_, index) =>
    bytes.subarray(index * pieceBytesMax, (index + 1) * pieceBytesMax),
  );

/** A burst of this many pieces at once, and `piecesPerSecond` on end, to each member. */
const burstMs = 500;

/** Answers with what is missing there; with a count of 0 when it is too large for this way. */
export const hearWish = (work: Work, from: Member, { name, version, missing }: Wish): void => {
  const { mesh } = work;
  if (mesh.records.get(name) !== version || from.piecesUntil > mesh.lived + burstMs) return;
  const pieces = piecesOf(work.contentOf(name) ?? new Uint8Array());
  const count = pieces.length > piecesMax ? 0 : pieces.length;
  if (count === 0) {
    const bytes = new Uint8Array();
    sendTo(work, from, { kind: 'record', name, version, index: 0, count, bytes });
    return;
  }
  pieces.forEach((bytes, index) => {
    if ((missing & (1 << index)) === 0) return;
    from.piecesUntil = Math.max(mesh.lived, from.piecesUntil) + 1_000 / piecesPerSecond;
    sendTo(work, from, { kind: 'record', name, version, index, count, bytes });
  });
};

/** A piece of what was asked for; the last one brings all of it to the shell. */
export const hearPiece = (work: Work, from: Member, piece: Piece): void => {
  const { mesh, steps } = work;
  const { name, version, index, count, bytes } = piece;
  const pull = mesh.pulls.get(name);
  const isHolder = mesh.wants.get(name)?.holders.includes(from.device) === true;
  if (pull?.state !== 'asking' || pull.version !== version || !isHolder) {
    steps.push({ kind: 'refused', code: 'piece-unasked' });
    return;
  }
  if (count === 0) {
    pull.state = 'over';
    return;
  }
  if (pull.pieces.length === 0) pull.pieces = Array.from({ length: count }, () => null);
  const there = pull.pieces[index];
  if (pull.pieces.length !== count || (there && !isSame(there, bytes))) {
    steps.push({ kind: 'refused', code: 'piece-misfit' });
    return;
  }
  if (there !== null) return;
  pull.pieces[index] = bytes;
  pull.askAt = mesh.lived + pullAgainMs;
  const whole = pull.pieces.filter((each) => each !== null);
  if (whole.length < count) return;
  pull.state = 'offered';
  pull.pieces = [];
  steps.push({ kind: 'offer-record', from: from.device, name, version, bytes: joined(whole) });
};

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(pieces.reduce((sum, each) => sum + each.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
};

export const nextPullAt = (mesh: Mesh): number => {
  let at = Number.POSITIVE_INFINITY;
  for (const { state, askAt } of mesh.pulls.values()) {
    if (state === 'asking') at = Math.min(at, askAt);
  }
  return at;
};
