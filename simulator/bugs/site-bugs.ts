/** Planted bugs of the site: what its devices believe of each other, and what they pass on. Test use only. */
import { nobodyHolds } from '@signalbeam/sync/mesh/gateway-role';
import type { Bug } from './bug.ts';

/** The low half of a message's first byte says its kind: `buckets` and `digest` are these. */
const comparing = new Set([5, 6]);

export const siteBugs: Record<string, Bug> = {
  'deaf-anti-entropy': {
    packets: (packets) => ({
      ...packets,
      open: (key, nonce, aad, sealed) => {
        const plain = packets.open(key, nonce, aad, sealed);
        return plain !== null && comparing.has((plain[0] ?? 0) & 0xf) ? null : plain;
      },
    }),
  },
  'no-refutation': {
    claims: (seal) => {
      const first = new Map<string, number>();
      return {
        ...seal,
        sign: (claim) => {
          const incarnation = first.get(claim.bootId) ?? claim.incarnation;
          first.set(claim.bootId, incarnation);
          return seal.sign({ ...claim, incarnation });
        },
      };
    },
  },
  'believe-foreign-claim': { claims: (seal) => ({ ...seal, verify: () => true }) },
  'gateway-flaps': {
    choose: (members, _held, { now }) => {
      const able = members.filter(
        ({ status, claim }) => status === 'alive' && claim?.canRunLeaf === true && claim.uplink > 0,
      );
      const holder = able[Math.floor(now / 30_000) % Math.max(1, able.length)]?.device ?? null;
      return { ...nobodyHolds, holder, since: now };
    },
  },
  'forget-floors': {
    tables: (tables) => ({ ...tables, read: () => null }),
  },
  'relay-rewrites': {
    serves: (_name, bytes) => {
      if (bytes === null) return null;
      const envelope = JSON.parse(Buffer.from(bytes).toString()) as { payload: string };
      const said = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as object;
      const known = Object.entries(said).filter(([field]) => field !== 'toldByALaterProgram');
      const payload = Buffer.from(JSON.stringify(Object.fromEntries(known))).toString('base64');
      return Buffer.from(JSON.stringify({ ...envelope, payload }));
    },
  },
  'admit-revoked': {
    sender: (subject, devices) => {
      const deviceId = subject.split('.').at(-1) ?? '';
      const known = devices.get(deviceId);
      return known == null ? unknown : { ...known, approved: true };
    },
  },
};

const unknown = { kind: 'refused', code: 'device-unknown', reason: '', device: null } as const;
