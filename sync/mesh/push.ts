/**
 * Small records that come and go in datagrams. Invariants: nothing is believed by this, the shell
 * verifies what it is offered; what was not taken is not offered on; who offers what is refused is
 * left alone that way for a while, and is asked for it over HTTPS as for any promise.
 */
import { wantRecord } from './fetch.ts';
import { offerPauseMs, pieceBytesMax } from './limits.ts';
import { sendTo } from './members.ts';
import type { Member, MeshEvent, Work } from './mesh.ts';
import type { MeshMessage, RecordEntry } from './message.ts';
import { giveUpPull } from './pull.ts';

type RecordMessage = Extract<MeshMessage, { kind: 'record' }>;

/** Offers a record that came, if it is newer than what is held. */
export const hearRecord = (work: Work, from: Member, record: RecordMessage): void => {
  const { mesh, steps } = work;
  const { name, version, bytes } = record;
  const held = mesh.records.get(name) ?? 0;
  if (version < held) tellOfRecords(work, from, [{ name, version: held }]);
  if (version <= held) return;
  if (mesh.lived < from.offersAfter) wantRecord(work, from.device, name, version);
  else steps.push({ kind: 'offer-record', from: from.device, name, version, bytes });
};

/** It may be false, or need a key that this device is yet to hear of. */
export const judgeOffer = (
  work: Work,
  { from, name, version }: Extract<MeshEvent, { kind: 'offered' }>,
): void => {
  const { mesh } = work;
  giveUpPull(mesh, name);
  const member = mesh.members.get(from);
  if (member === undefined || (mesh.records.get(name) ?? 0) >= version) return;
  work.steps.push({ kind: 'refused', code: 'record' });
  member.offersAfter = mesh.lived + offerPauseMs;
  wantRecord(work, from, name, version);
};

/** One answer carries so many at most; the rest is told of and fetched, or compared again. */
const givenMax = 4;

/** Gives a member those small records of which it has older ones. */
export const giveRecords = (work: Work, to: Member, newer: readonly RecordEntry[]): void => {
  for (const { name, version } of newer.slice(0, givenMax)) {
    const bytes = work.contentOf(name);
    if (bytes === null || bytes.byteLength > pieceBytesMax) continue;
    sendTo(work, to, { kind: 'record', name, version, index: 0, count: 1, bytes });
  }
};

/** The same, and says that it holds them: an older peer knows only that. */
export const tellOfRecords = (work: Work, to: Member, newer: readonly RecordEntry[]): void => {
  giveRecords(work, to, newer);
  const rumours = newer.map((entry) => ({ kind: 'holds', ...entry }) as const);
  sendTo(work, to, { kind: 'gossip', rumours });
};
