/**
 * The mesh itself and the gateway role that it gives, joined: what this device says, what it hears,
 * what it decides from that. Part of the composition root of the mesh.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { StepForOthers } from '@signalbeam/sync/mesh/mesh';
import type { OwnClaim } from '@signalbeam/sync/mesh/message';
import { startUplinkProbe } from '../link/uplink-probe.ts';
import { createMeshFetch, isRecordStep } from '../mesh/mesh-fetch.ts';
import { type MeshShell, startMeshShell } from '../mesh/mesh-shell.ts';
import { ownClaim } from '../mesh/own-claim.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';
import { type SiteMember, siteMembers } from '../mesh/site-members.ts';
import { startSiteRole } from '../mesh/site-role.ts';
import { createSiteWarnings } from '../mesh/warnings.ts';
import type { SiteMeshParts } from './site-mesh.ts';
import type { SitePeers } from './site-peers.ts';
import { soon } from './soon.ts';
import { steadyMs } from './timers.ts';
import { agentVersion } from './version.ts';

export type Membership = Awaited<ReturnType<typeof joinMesh>>;

const random = Math.random;

export const joinMesh = async (
  parts: SiteMeshParts,
  peers: SitePeers,
  unreadable: (from: PeerAddress) => void,
) => {
  const { options, approved, trust, now, log } = parts;
  const { self, members, mesh } = peers;
  const canRunLeaf = await runs(options['nats-server']);
  const changedAt = new Map<string, number>();
  const [startedAt, running] = [now(), { shell: null as MeshShell | null, stopped: false }];
  const seen = (): SiteMember[] => siteMembers(running.shell?.members() ?? [], members.keys());
  const warnings = createSiteWarnings({ ...{ now, log }, ...parts.stores.outbox, nameOf });
  const decideSoon = soon(() => {
    if (!running.stopped) role.decide();
  });
  const urls = approved.enrolment.nats.leafUrls;
  const probe = startUplinkProbe({ ...{ urls, random }, onChange: decideSoon });
  const claim = (): OwnClaim =>
    ownClaim({
      ...{ agentVersion, mesh, canRunLeaf, peerPort: mesh.port },
      ...{ name: approved.name, gateway: options.gateway },
      ...{ trust: trust.trust(), nowMs: now() },
      ...{ holds: role.holds(), leaf: parts.role.leaf(), probed: probe.score() },
      linked: parts.broker() !== null,
    });
  const say = (): void => running.shell?.tell({ kind: 'claim', claim: claim() });
  const role = startSiteRole({
    ...{ self, claim, log },
    always: options.gateway === 'always',
    members: seen,
    role: parts.role,
    urgent: probe.urgent,
    onChange: () => {
      say();
      parts.onChange();
    },
    now: steadyMs,
  });
  const fetch = createMeshFetch({
    ...peers,
    ...{ offer: trust.take, versions: trust.versions },
    tell: (event) => running.shell?.tell(event),
  });
  const take = (step: StepForOthers): void => {
    if (isRecordStep(step)) void fetch(step);
    else if (step.kind === 'warn') warnings.take(step.code, step.about);
    else {
      if (step.kind === 'changed') changedAt.set(step.member, now());
      decideSoon();
    }
  };
  function nameOf(deviceId: string): string {
    if (deviceId === self) return 'this device';
    return seen().find((each) => each.deviceId === deviceId)?.claim?.name || deviceId;
  }
  const shell = await startMeshShell({
    listen: mesh,
    self: { device: self, bootId: randomBytes(8).toString('hex'), incarnation: 0 },
    ...{ signer: parts.signer, claim: claim(), roster: members.roster() },
    siteKeys: peers.keys.all(),
    ...{ take, unreadable, random, contentOf: trust.held },
    now: steadyMs,
  });
  running.shell = shell;
  return {
    ...{ shell, role, seen, say, decideSoon, warnings },
    changedAt: (deviceId: string): number => changedAt.get(deviceId) ?? startedAt,
    tellRecords: soon(() => shell.tell({ kind: 'records', versions: trust.versions() })),
    stop: async () => {
      running.stopped = true;
      probe.stop();
      role.stop();
      await shell.stop();
    },
  };
};

const runs = (command: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(command, ['--version'], { timeout: 5_000 }, (cause) => resolve(cause === null));
  });
