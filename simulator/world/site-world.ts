/**
 * What the devices of one seed share where their site has a mesh: the LAN, the authority that signs
 * who belongs to it, and each machine's place in it. Half of such sites hear of a later program.
 */
import { chooseGateway } from '@signalbeam/sync/mesh/gateway-role';
import { publicKeyFromRaw, verifySignature } from '@signalbeam/sync/wire/keys';
import { claimSeal } from '@signalbeam/sync/wire/mesh-message';
import { aesPacketCrypto, type PacketCrypto } from '@signalbeam/sync/wire/mesh-packet';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';
import type { Bug } from '../bugs/bug.ts';
import type { Checks } from '../checks/watch.ts';
import { createSiteChecks, type SiteChecks } from '../checks/watch-site.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Authority, createAuthority } from './authority.ts';
import type { Device } from './device.ts';
import { identityOf, type SiteIdentity } from './identity.ts';
import { createLan, type Lan } from './lan.ts';
import type { Notary } from './notary.ts';
import { cheapClaims, cheapPackets } from './packets.ts';
import { meshPort, type SiteParts } from './site-life.ts';

export type SiteWorld = {
  lan: Lan;
  authority: Authority;
  checks: SiteChecks;
  packets: PacketCrypto;
  machines(): readonly Device[];
  /** What a member serves that does as it should. */
  honest: SiteParts['serves'];
  /** A machine's place among the others; a clone shares the identity and nothing else. */
  partsOf(machine: number, number: number): SiteParts;
};

export type SiteWorldParts = {
  kernel: Kernel;
  notary: Notary;
  checks: Checks;
  tenantId: string;
  site: string;
  deviceIds: readonly string[];
  realCrypto: boolean;
  bug: Bug;
  devices: () => readonly Device[];
  put: (scope: string, name: string, bytes: Uint8Array) => void;
  poke: (snapshot: number) => void;
};

const startAt = 1_767_225_600_000;

const realClaims = ({ signer }: SiteIdentity) =>
  claimSeal(signer.sign, (publicKey, bytes, signature) => {
    const raw = rawPublicKey(publicKey);
    return raw !== null && verifySignature(publicKeyFromRaw(raw), bytes, signature);
  });

export const addressOf = (machine: number, move = 0): string =>
  `10.0.${move}.${machine + 1}:${meshPort}`;

export const createSiteWorld = (parts: SiteWorldParts): SiteWorld => {
  const { kernel, notary, deviceIds, bug } = parts;
  const shape = kernel.random('site');
  const identities = deviceIds.map((_, number) => identityOf(notary.signer(`device ${number}`)));
  const authority: Authority = createAuthority({
    tenantId: parts.tenantId,
    site: parts.site,
    random: kernel.random('authority'),
    signer: notary.signer,
    members: deviceIds.map((deviceId, number) => ({
      deviceId,
      publicKey: identities[number]?.nkey ?? '',
      sealingKey: identities[number]?.sealing.publicKey ?? '',
    })),
    nowIso: (aheadMs) => new Date(startAt + Math.floor(kernel.now()) + aheadMs).toISOString(),
    newer: shape.chance(0.5),
    put: parts.put,
    poke: parts.poke,
  });
  const checks = createSiteChecks(parts.checks, () => authority);
  const text = (
    name: 'tenant/root' | 'tenant/keyset' | 'tenant/revocation' | 'site/roster' | 'site/site-key',
  ) => Buffer.from(authority.records.get(name)?.bytes ?? []).toString('base64');
  const records = {
    root: text('tenant/root'),
    keyset: text('tenant/keyset'),
    revocation: text('tenant/revocation'),
    roster: text('site/roster'),
    siteKey: text('site/site-key'),
  };
  // A device of an older program pinned one key and has only a key set to begin with.
  const pinned = { rootKey: trustedRoot(notary), keyset: records.keyset };
  const kinds = deviceIds.map((_, number) => {
    const wired = number === 0 || shape.chance(0.65);
    return {
      wired,
      // Without an uplink it would wait for its records for ever.
      enrolledBefore: wired && shape.chance(0.3),
      uplink: 40 + shape.int(200),
      canRunLeaf: number === 0 || shape.chance(0.85),
    };
  });
  return {
    lan: createLan(kernel, kernel.random('lan')),
    authority,
    checks,
    packets: packetsOf(parts),
    machines: parts.devices,
    honest: bug.serves ?? ((_name, held) => held),
    partsOf(machine, number) {
      const identity = identities[number];
      const kind = kinds[number];
      if (identity === undefined || kind === undefined) throw new Error('no such device');
      const seal = parts.realCrypto ? realClaims(identity) : cheapClaims(identity.nkey);
      return {
        lan: this.lan,
        address: addressOf(machine),
        identity,
        enrolment: {
          tenantId: parts.tenantId,
          site: parts.site,
          records: kind.enrolledBefore ? pinned : records,
        },
        packets: bug.packets?.(packetsOf(parts)) ?? packetsOf(parts),
        seal: checks.witnessed(bug.claims?.(seal) ?? seal),
        ...kind,
        devices: parts.devices,
        watch: checks.watch,
        choose: bug.choose ?? chooseGateway,
        tables: bug.tables ?? ((tables) => tables),
        serves: this.honest,
      };
    },
  };
};

const packetsOf = ({ realCrypto }: SiteWorldParts) => (realCrypto ? aesPacketCrypto : cheapPackets);

const trustedRoot = (notary: Notary) => {
  const { keyId, publicKey } = notary.signer('root 1');
  return { keyId, publicKey };
};
