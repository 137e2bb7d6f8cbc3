/**
 * Who belongs to the mesh: those of the newest verified roster and nobody else, however well
 * somebody speaks. It decides nothing about who is there.
 */
import { newMember, setStatus, updateMemberHash } from './members.ts';
import type { MeshRoster, Work } from './mesh.ts';

/** The only admission: who is not in it is forgotten, with all it said. */
export const takeRoster = (work: Work, roster: MeshRoster): void => {
  const { mesh } = work;
  if (roster.version <= mesh.rosterVersion) return;
  mesh.rosterVersion = roster.version;
  const listed = new Map(roster.members.map((member) => [member.deviceId, member.publicKey]));
  mesh.publicKey = listed.get(mesh.self) ?? mesh.publicKey;
  for (const member of [...mesh.members.values()]) {
    if (listed.get(member.device) === member.publicKey) continue;
    member.signed = null;
    if (member.status !== 'unknown') setStatus(work, member, 'left');
    updateMemberHash(work, member);
    mesh.members.delete(member.device);
    mesh.rumours.delete(`claim ${member.device}`);
    mesh.ringStale = true;
  }
  for (const [device, publicKey] of listed) {
    if (device === mesh.self || mesh.members.has(device)) continue;
    mesh.members.set(device, newMember(device, publicKey));
  }
};
