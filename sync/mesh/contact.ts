/**
 * Reaching for those who are not there: addresses from discovery that nobody alive has, and dead
 * members, so that halves of a split site find each other again. Each address waits longer for its
 * next try; a member that is alone tries several every second.
 */
import { contactBackoffMs, contactIntervalMs, contactsAloneMax, hintsMax } from './limits.ts';
import { isHere, ringOf, summaryOf } from './members.ts';
import type { Contact, Mesh, Work } from './mesh.ts';
import type { Address, DeviceId, Rumour } from './message.ts';
import { accusationOf } from './suspicion.ts';

export const addContact = (mesh: Mesh, device: DeviceId | null, address: Address): void => {
  if (device === mesh.self || mesh.own.addresses.includes(address)) return;
  const present = mesh.contacts.get(address);
  if (present !== undefined) {
    if (device !== null) present.device = device;
    return;
  }
  if (mesh.contacts.size >= hintsMax) {
    for (const oldest of mesh.contacts.keys()) {
      mesh.contacts.delete(oldest);
      break;
    }
  }
  mesh.contacts.set(address, { device, address, nextAt: mesh.lived, delayMs: 0 });
  mesh.contactAt = Math.min(mesh.contactAt, mesh.lived);
};

/** What was learnt of silence counts no more: each is tried in its turn, as if it were new. */
export const contactAll = (mesh: Mesh): void => {
  for (const contact of mesh.contacts.values()) {
    contact.nextAt = mesh.lived;
    contact.delayMs = 0;
  }
  mesh.contactAt = mesh.lived;
};

/** The dead and the departed are found again where they were. */
export const contactWhereItWas = (mesh: Mesh, device: DeviceId): void => {
  const member = mesh.members.get(device);
  if (member === undefined) return;
  if (member.observed !== null) addContact(mesh, device, member.observed);
  for (const address of member.signed?.claim.addresses ?? []) addContact(mesh, device, address);
};

/** Nobody alive is reached there already. */
const isNeeded = (mesh: Mesh, contact: Contact, taken: ReadonlySet<Address>): boolean => {
  const member = contact.device === null ? undefined : mesh.members.get(contact.device);
  if (member !== undefined && isHere(member)) return false;
  return !taken.has(contact.address);
};

const greet = (work: Work, contact: Contact): void => {
  const { mesh, steps } = work;
  const member = contact.device === null ? undefined : mesh.members.get(contact.device);
  const accusation: Rumour[] = member === undefined ? [] : accusationOf(mesh, member);
  const own: Rumour = { kind: 'claim', signed: mesh.signed, dead: false };
  mesh.nextSeq = (mesh.nextSeq + 1) % 0x1_0000_0000;
  steps.push({
    kind: 'send',
    to: contact.address,
    device: contact.device,
    introduce: true,
    message: {
      kind: 'ping',
      seq: mesh.nextSeq,
      summary: summaryOf(mesh),
      rumours: [...accusation, own],
    },
  });
};

export const reachOut = (work: Work): void => {
  const { mesh, random } = work;
  if (mesh.contactAt > mesh.lived || mesh.leaving) return;
  const alone = ringOf(mesh).length === 0;
  const taken = new Set<Address>();
  for (const member of ringOf(mesh)) {
    if (member.observed !== null) taken.add(member.observed);
    for (const address of member.signed?.claim.addresses ?? []) taken.add(address);
  }
  const due = [...mesh.contacts.values()]
    .filter((contact) => contact.nextAt <= mesh.lived && isNeeded(mesh, contact, taken))
    .sort((a, b) => a.nextAt - b.nextAt)
    .slice(0, alone ? contactsAloneMax : 1);
  for (const contact of due) {
    greet(work, contact);
    contact.delayMs = Math.min(
      alone ? contactBackoffMs.max / 4 : contactBackoffMs.max,
      Math.max(contactBackoffMs.first, contact.delayMs * 2),
    );
    contact.nextAt = mesh.lived + contact.delayMs * (0.75 + 0.5 * random());
  }
  const interval = alone ? contactIntervalMs.alone : contactIntervalMs.settled;
  mesh.contactAt = mesh.lived + interval * (0.75 + 0.5 * random());
};
