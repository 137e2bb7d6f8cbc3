/**
 * The mesh of one life: the product's shell and core over the simulated LAN, with its members, site
 * keys, fetching and catching up, and the gateway role held or given up as the choice has it. A leaf
 * is a flag that takes a moment to come up and stays a while when the role moves on.
 */
import { startCatchUp } from '@signalbeam/edge/mesh/catch-up';
import { createMembers } from '@signalbeam/edge/mesh/members';
import { createMeshFetch, isRecordStep, type RecordStep } from '@signalbeam/edge/mesh/mesh-fetch';
import { startMeshShell } from '@signalbeam/edge/mesh/mesh-shell';
import { createRecordSync } from '@signalbeam/edge/mesh/record-sync';
import { createSiteKeys } from '@signalbeam/edge/mesh/site-keys';
import { peerAddressOf } from '@signalbeam/edge/mesh/site-members';
import type { RecordName } from '@signalbeam/sync/core/records';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { type Candidate, nobodyHolds } from '@signalbeam/sync/mesh/gateway-role';
import type { MeshEvent, StepForOthers } from '@signalbeam/sync/mesh/mesh';
import type { OwnClaim } from '@signalbeam/sync/mesh/message';
import type { Offered } from '@signalbeam/sync/wire/offer';
import type { Process } from '../kernel/process.ts';
import type { Device } from './device.ts';
import { leafPort, meshPort, peerPort, type SiteLife, type SiteParts } from './site-life.ts';
import { createSitePeers } from './site-peers.ts';

const second = 1_000;
const lookEveryMs = 2.5 * second;
const handOverMs = 15 * second;
const clockSlackMs = 24 * 3_600_000;

export type MeshLife = {
  life: Process;
  bootId: string;
  state: SiteLife;
  /** What is offered to the link whenever something may have changed. */
  offerWays: (members: readonly Candidate[], holder: string | null) => void;
  /** The own connection leads through this member's leaf, and does not answer. */
  leafSilent: (holder: string) => boolean;
};

export const startSiteMesh = (device: Device, site: SiteParts, mesh: MeshLife): void => {
  const { life, state } = mesh;
  const { trust } = state;
  const { kernel, random, deviceId } = device.parts;
  const timers = quiet(life);
  const members = createMembers(trust.trust, deviceId);
  const keys = createSiteKeys({
    ...{ deviceId, timers },
    sealing: site.identity.sealing,
    held: () => trust.held('site/site-key'),
    keyset: trust.keyset,
  });
  const client = createSitePeers(device, site, life);
  const sync = createRecordSync({
    ...{ client, versions: trust.versions, log: () => undefined },
    rootVersion: () => trust.trust().root.version,
    offer: (name, bytes) => offer(device, state, name, bytes),
  });
  const offered = (name: RecordName, bytes: Uint8Array): void =>
    void offer(device, state, name, bytes);
  const tell = (event: MeshEvent): void => state.shell?.tell(event);
  keys.onDropped(() => state.shell?.rotate(keys.all()));
  const fetch = createMeshFetch({
    ...{ members, sync, tell },
    ...{ offer: offered, versions: trust.versions },
  });
  const role = createRole(device, site, mesh);
  const catchUp = startCatchUp({
    ...{ members, client, sync, timers, random: random.next, now: kernel.now },
    alone: () => state.shell?.members().some(({ status }) => status === 'alive') !== true,
    addresses: () => hintsOf(device, site).map(({ address }) => peerAddressOf(address)),
  });
  const take = (step: StepForOthers): void => {
    if (isRecordStep(step)) {
      kernel.settled();
      void fetch(step);
    } else noteStep(device, site, role.soon, step);
  };
  void startMeshShell({
    listen: { host: site.address.split(':')[0] ?? '', port: meshPort },
    self: { device: deviceId, bootId: mesh.bootId, incarnation: 0 },
    signer: site.identity.signer,
    ...{ roster: members.roster(), claim: role.claim(), siteKeys: keys.all(), take, timers },
    ...{ seal: site.seal, packets: site.packets, unreadable: catchUp.unreadable },
    ...{ now: kernel.now, random: random.next },
    contentOf: (name) => site.serves(name, trust.held(name)),
    openDatagrams: async () => site.lan.open(device.parts.machine, site.address, life),
  }).then((shell) => {
    if (life.dead) return;
    state.shell = shell;
    shell.tell({ kind: 'records', versions: trust.versions() });
    shell.tell({ kind: 'hints', addresses: hintsOf(device, site) });
    role.look();
  });
  kernel.settled();
  trust.onChange((name) => {
    if (life.dead) return;
    kernel.settled();
    tell({ kind: 'records', versions: trust.versions() });
    if (name === 'site/site-key' || name === 'tenant/keyset') {
      keys.refresh();
      state.shell?.rotate(keys.all());
    }
    if (name !== 'site/roster' && name !== 'tenant/revocation') return;
    members.refresh();
    tell({ kind: 'roster', roster: members.roster() });
    if (!isMember(device, state)) device.retire();
    else role.soon();
  });
  timers.every(lookEveryMs, role.look);
  role.look();
  if (!isMember(device, state)) device.retire();
};

/** Timers that settle no promise by themselves: a datagram's worth of work is synchronous. */
const quiet = (life: Process) => ({
  after: life.after,
  every: (periodMs: number, run: () => void) => {
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = life.after(periodMs, () => {
        again();
        run();
      });
    };
    again();
    return () => cancel();
  },
});

const isMember = (device: Device, { trust }: SiteLife): boolean => {
  const { floors, members } = trust.trust();
  return !floors.has('site/roster') || members.has(device.parts.deviceId);
};

/** As a static list has them: where the first machines once were, and all others by the beacon. */
const hintsOf = (device: Device, site: SiteParts) =>
  site
    .devices()
    .filter(({ parts }) => parts.machine !== device.parts.machine)
    .slice(0, 3)
    .map(({ parts }) => ({ device: null, address: parts.mesh?.address ?? '' }));

const noteStep = (
  device: Device,
  site: SiteParts,
  soon: () => void,
  step: Exclude<StepForOthers, RecordStep>,
): void => {
  const { kernel, number } = device.parts;
  if (step.kind === 'warn') {
    kernel.trace.note(step.code, number, step.about.charCodeAt(35));
    return;
  }
  if (step.kind === 'changed') {
    kernel.trace.note(`member ${step.to}`, number, step.member.charCodeAt(35));
    site.watch.changed(device, step.member, step.to, step.was);
  }
  soon();
};

const offer = (
  device: Device,
  { trust }: SiteLife,
  name: RecordName,
  bytes: Uint8Array,
): Offered['kind'] => {
  const own = name === `device/${device.parts.deviceId}/desired`;
  const { kind } = own ? trust.acceptDesired(bytes) : trust.offer(name, bytes);
  device.parts.kernel.trace.note(`${kind} from a member`, device.parts.number, bytes.byteLength);
  return kind;
};

const createRole = (device: Device, site: SiteParts, mesh: MeshLife) => {
  const { parts } = device;
  const { kernel, path, random } = parts;
  const { life, state } = mesh;
  const startedAt = kernel.now();
  let held = nobodyHolds;
  let wanted = false;
  let owed = false;
  let cancelWake = (): void => undefined;
  const reaches = (): boolean =>
    site.wired && !(path.cut || path.upLost || path.downLost || path.hubAway);
  const claim = (): OwnClaim => ({
    name: `device ${parts.number}`,
    addresses: [site.address],
    peerPort,
    uplink: reaches() ? site.uplink : 0,
    canRunLeaf: site.canRunLeaf,
    clockOk: device.wall() >= timeFloorMs(state.trust.trust().time) - clockSlackMs,
    chosen: false,
    gateway: held.holder === parts.deviceId,
    leafPort: state.leafRuns ? leafPort : 0,
    linked: state.broker() !== null,
    agentVersion: '0.1.0',
  });
  const turn = (running: boolean): void => {
    if (state.leafRuns === running || life.dead) return;
    state.leafRuns = running;
    kernel.trace.note(running ? 'leaf started' : 'leaf stopped', parts.number, 0);
    site.watch.leaf(device, running);
    if (!running) for (const each of site.devices()) each.carrier?.pathChanged();
    soon();
  };
  const hold = (wants: boolean): void => {
    if (wants === wanted) return;
    wanted = wants;
    life.after(wants ? random.between(300, 1_500) : handOverMs, () => {
      if (wanted === wants) turn(wants);
    });
  };
  const look = (): void => {
    const { shell } = state;
    if (life.dead) return;
    if (shell === null) return void mesh.offerWays([], null);
    shell.tell({ kind: 'claim', claim: claim() });
    const self: Candidate = { device: parts.deviceId, status: 'alive', claim: claim() };
    const members: Candidate[] = [self, ...shell.members()];
    const leafSilent = held.holder !== null && mesh.leafSilent(held.holder);
    const before = held.holder;
    held = site.choose(members, held, { now: kernel.now(), startedAt, leafSilent });
    state.holder = held.holder;
    cancelWake();
    if (held.wakeAt !== null) cancelWake = life.after(held.wakeAt - kernel.now(), look);
    hold(held.holder === parts.deviceId);
    if (before !== held.holder) shell.tell({ kind: 'claim', claim: claim() });
    site.watch.saw(device, shell);
    mesh.offerWays(members, held.holder);
  };
  /** Not inside a step of the mesh: it would be told of itself. */
  const soon = (): void => {
    if (owed) return;
    owed = true;
    life.after(0, () => {
      owed = false;
      look();
    });
  };
  return { look, soon, claim };
};
