/** The mesh as others may read it: those of the roster, and what they say of themselves. */
import { addressesOf } from './members.ts';
import type { Member, Mesh } from './mesh.ts';
import type { Address, Claim } from './message.ts';

export type MemberSeen = {
  device: string;
  publicKey: string;
  status: Member['status'];
  claim: Claim | null;
  /** Where it spoke from last, or what it says of itself; null while neither is known. */
  address: Address | null;
  heardAgoMs: number;
};

export const membersOf = (mesh: Mesh): MemberSeen[] =>
  [...mesh.members.values()].map((member) => ({
    device: member.device,
    publicKey: member.publicKey,
    status: member.status,
    claim: member.signed?.claim ?? null,
    address: addressesOf(mesh, member)[0] ?? null,
    heardAgoMs: mesh.lived - member.heardAt,
  }));
