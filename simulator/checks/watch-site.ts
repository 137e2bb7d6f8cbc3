/**
 * What must hold of a site while it runs: nothing is believed that was not signed by whoever may say
 * it, and nothing that was believed goes back. Each is checked at the moment when it could break.
 */
import type { MeshShell } from '@signalbeam/edge/mesh/mesh-shell';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Claim, ClaimSeal, SignedClaim } from '@signalbeam/sync/mesh/message';
import { releaseDigestOf } from '@signalbeam/sync/wire/records';
import { type Authority, authoredKey } from '../world/authority.ts';
import type { Device } from '../world/device.ts';
import type { SiteWatch } from '../world/site-life.ts';
import type { Checks } from './watch.ts';

export type SiteChecks = {
  watch: SiteWatch;
  /** Remembers what each device really signed of itself. */
  witnessed(seal: ClaimSeal): ClaimSeal;
  /** Somebody who is alive and reachable was called dead; leafs that came or went. */
  deaths: number;
  leafChanges: number;
  /** Records that were believed or carried, by name. */
  kept: Map<RecordName, number>;
  /** The newest claim that each device signed. */
  newest: Map<string, SignedClaim>;
  /** Members that give others what they should not. */
  liars: Set<Device>;
  /** Devices whose rows ingest knows to refuse. */
  refused: Set<string>;
};

const claimKey = ({ device, bootId, incarnation, seq }: Claim): string =>
  `${device} ${bootId} ${incarnation} ${seq}`;

const textOf = (claim: object): string => JSON.stringify(Object.entries(claim).sort());

export const createSiteChecks = (checks: Checks, authority: () => Authority): SiteChecks => {
  const signed = new Map<string, string>();
  const judgeRecord = (device: Device, name: RecordName, version: number, bytes: Uint8Array) => {
    if (name.startsWith('device/')) return;
    if (!authority().authored.has(authoredKey(name, version, bytes)))
      checks.fail(
        'no-forged-record',
        `device ${device.parts.number} took ${name} ${version}, which nobody signed so`,
      );
  };
  const judgeVersion = (device: Device, name: RecordName, version: number): void => {
    const before = device.highest.get(name) ?? 0;
    if (version < before)
      checks.fail(
        'floors-grow',
        `device ${device.parts.number} went from ${name} ${before} to ${version}`,
      );
    device.highest.set(name, version);
  };
  /** A claim is a value: who believed it once has it judged for good. */
  const judged = new WeakSet<object>();
  const judgeMembers = (device: Device, shell: MeshShell): void => {
    for (const { device: member, claim } of shell.members()) {
      if (claim === null || judged.has(claim)) continue;
      judged.add(claim);
      if (signed.get(claimKey(claim as Claim)) !== textOf(claim))
        checks.fail(
          'no-forged-member',
          `device ${device.parts.number} believes a claim of ${member} that it never made`,
        );
    }
  };
  const site: SiteChecks = {
    deaths: 0,
    leafChanges: 0,
    kept: new Map(),
    newest: new Map(),
    liars: new Set(),
    refused: new Set(),
    watch: {
      kept: (device, name, version, bytes) => {
        site.kept.set(name, (site.kept.get(name) ?? 0) + 1);
        judgeRecord(device, name, version, bytes);
        judgeVersion(device, name, version);
      },
      fetched: (from, name, bytes) => {
        if (name.startsWith('device/') || site.liars.has(from)) return;
        if (!authority().contents.has(releaseDigestOf(bytes)))
          checks.fail(
            'relayed-untouched',
            `device ${from.parts.number} gave ${name} away, and not as it was signed`,
          );
      },
      saw: judgeMembers,
      changed: (device, _member, to) => {
        if (to === 'dead') site.deaths += 1;
        if (to === 'dead' || to === 'suspect') checks.momentCame(device, `member-${to}`);
      },
      leaf: (device, running) => {
        site.leafChanges += 1;
        checks.momentCame(device, running ? 'leaf-started' : 'leaf-stopped');
      },
    },
    witnessed: (seal) => ({
      verify: seal.verify,
      sign: (claim) => {
        const made = seal.sign(claim);
        site.newest.set(claim.device, made);
        signed.set(claimKey(made.claim), textOf(made.claim));
        return made;
      },
    }),
  };
  return site;
};
