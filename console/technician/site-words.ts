/** Sentences about the other devices of the site: who is there, who is the gateway and why. Pure. */
import { countedOf } from '../data/format.ts';
import type { Mark } from '../ui/glyph.ts';
import type { LocalDevice, LocalMember, LocalSite } from './types.ts';

const marks: Record<LocalMember['status'], Mark> = {
  alive: { shape: 'disc', tone: 'ok', word: 'Alive' },
  suspect: { shape: 'half', tone: 'warn', word: 'Suspected' },
  dead: { shape: 'cross', tone: 'bad', word: 'Dead' },
  left: { shape: 'bar', tone: 'idle', word: 'Has left' },
  unknown: { shape: 'dashed', tone: 'idle', word: 'Not heard of yet' },
};
export const memberMark = ({ status }: LocalMember): Mark => marks[status];

export const memberName = ({ name, deviceId }: LocalMember): string =>
  name === '' ? deviceId.slice(0, 8) : name;

/** What it does for the others, as far as it says. */
export const memberFacts = (member: LocalMember): string => {
  if (member.status === 'unknown') return '';
  const here = member.status === 'alive' || member.status === 'suspect';
  const way = member.uplink === 0 ? 'no uplink' : 'has an uplink';
  return [member.address, ...(here ? [way] : []), ...(here && member.leaf ? ['runs a leaf'] : [])]
    .filter(Boolean)
    .join(' · ');
};

export const gatewaySentence = (site: LocalSite, device: LocalDevice): string => {
  const { holder, why } = site.gateway;
  const because = why === '' ? '' : `, because ${why}`;
  if (holder === null) return `No device is the gateway${because}.`;
  if (holder === device.deviceId) return `This device is the gateway${because}.`;
  const found = site.members.find(({ deviceId }) => deviceId === holder);
  return `${found === undefined ? holder.slice(0, 8) : memberName(found)} is the gateway${because}.`;
};

export const siteSentence = ({ members }: LocalSite): string => {
  if (members.length === 0) return 'This is the only device of its site.';
  const alive = members.filter(({ status }) => status === 'alive').length;
  return `${alive} of ${countedOf(members.length, 'other device')} ${alive === 1 ? 'is' : 'are'} alive.`;
};

/** Empty while nothing was refused. */
export const refusedSentence = ({ refused }: LocalSite): string =>
  refused === 0
    ? ''
    : `Refused since the agent started: ${countedOf(refused, 'message')} not of this site, damaged, or too many.`;
