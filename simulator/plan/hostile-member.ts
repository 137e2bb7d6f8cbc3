/**
 * Somebody inside the site who has its key, as a stolen gateway has: he speaks as anyone, makes up
 * claims, suspicions, deaths, versions and records, and says again what he overheard. He may disturb; nothing
 * that he makes up may be believed, and all must be well once he is silent.
 */
import { pieceBytesMax } from '@signalbeam/sync/mesh/limits';
import type { MeshMessage, Rumour, SignedClaim } from '@signalbeam/sync/mesh/message';
import { encodeClaim, encodeMessage } from '@signalbeam/sync/wire/mesh-message';
import { createSealer } from '@signalbeam/sync/wire/mesh-packet';
import type { Random } from '../kernel/random.ts';
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';

const tricks = [
  'suspect',
  'inflate',
  'forge',
  'farewell',
  'stranger',
  'promise',
  'push',
  'bury',
  'replay',
  'noise',
] as const;
type Trick = (typeof tricks)[number];

const nobody = '00000000-0000-4000-8000-0000000000ff';
const lair = '10.9.9.9:7946';

const forged = ({ claim }: SignedClaim, change: object): SignedClaim => {
  const made = { ...claim, ...change };
  return { claim: made, bytes: encodeClaim(made), signature: Buffer.alloc(64, 7) };
};

/** What is known of the victim: its newest claim, as any member heard it. */
const claimOf = (world: World, victim: Device): SignedClaim | null => {
  const seen = world.site?.checks.newest.get(victim.parts.deviceId);
  return seen ?? null;
};

const rumoursOf = (world: World, victim: Device, trick: Trick, random: Random): Rumour[] => {
  const known = claimOf(world, victim);
  const { deviceId: device } = victim.parts;
  const by = random.pick(world.devices).parts.deviceId;
  if (trick === 'promise') {
    const name = random.pick(['tenant/revocation', 'site/roster', `plan/${nobody}`]);
    return [{ kind: 'holds', name, version: random.pick([7, 1_000, 2 ** 40]) }];
  }
  if (known === null) return [];
  const { incarnation } = known.claim;
  switch (trick) {
    case 'suspect':
      return [{ kind: 'suspect', device, incarnation, by }];
    case 'inflate':
      return [
        {
          kind: 'suspect',
          device,
          incarnation: random.pick([incarnation + 1_000, 0xffff_fffe]),
          by,
        },
      ];
    case 'forge':
      return [
        {
          kind: 'claim',
          signed: forged(known, { incarnation: incarnation + 9, uplink: 255, leafPort: 7_422 }),
          dead: false,
        },
      ];
    case 'farewell':
      return [
        {
          kind: 'claim',
          signed: forged(known, { incarnation: incarnation + 1, leaving: true }),
          dead: true,
        },
      ];
    case 'stranger':
      return [
        { kind: 'claim', signed: forged(known, { device: nobody, incarnation: 3 }), dead: false },
      ];
    default:
      return [];
  }
};

/** A real record, under a version that it is not, whole or damaged. */
const pushed = ({ site }: World, random: Random): MeshMessage => {
  const records = [...(site?.authority.records ?? [])];
  const [name, { version, bytes }] = random.pick(records);
  const made = Buffer.from(bytes.subarray(0, pieceBytesMax));
  if (random.chance(0.5)) made[random.int(made.byteLength)] = random.int(256);
  const pretended = version + random.pick([0, 1, 1_000]);
  const piece = { index: 0, count: random.pick([0, 1, 3]), bytes: made };
  return { kind: 'record', name, version: pretended, ...piece };
};

const messageOf = (world: World, victim: Device, trick: Trick, random: Random): MeshMessage => {
  const known = claimOf(world, victim);
  if (trick === 'push') return pushed(world, random);
  if (trick !== 'bury' || known === null)
    return { kind: 'gossip', rumours: rumoursOf(world, victim, trick, random) };
  const { device, incarnation, seq } = known.claim;
  const members = [{ device, incarnation, seq: seq + random.int(3), dead: true }];
  return { kind: 'digest', complete: random.pick([0, 0xffff_ffff]), members, records: [] };
};

/** He speaks for a while, to all of them. */
export const disturb = (world: World, victim: Device, random: Random): void => {
  const { kernel, site } = world;
  if (site === null) return;
  const trick = random.pick(tricks);
  const boot = Array.from({ length: 16 }, () => random.int(16).toString(16)).join('');
  const as = random.pick(world.devices).parts.deviceId;
  const packets = site.packets;
  const sealer = createSealer(packets, { device: as, bootId: boot }, site.authority.siteKey());
  const say = (left: number): void => {
    if (world.peace || left === 0) return;
    for (const { parts } of world.devices) {
      const to = parts.mesh?.address ?? '';
      if (trick === 'replay' && site.lan.overheard.length > 0) {
        const { packet, from } = random.pick(site.lan.overheard);
        site.lan.inject({ from, to, packet });
      } else if (trick === 'noise') {
        const length = random.int(300);
        const packet = Uint8Array.from({ length }, () => random.int(256));
        site.lan.inject({ from: lair, to, packet });
      } else {
        const message = encodeMessage(messageOf(world, victim, trick, random));
        site.lan.inject({ from: lair, to, packet: sealer.seal(message, true) });
      }
    }
    kernel.later(random.between(20, 1_500), () => say(left - 1));
  };
  kernel.trace.note(`hostile member: ${trick}`, victim.parts.number, 0);
  say(5 + random.int(30));
};
