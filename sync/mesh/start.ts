/**
 * A member as it starts: one that has heard nobody, stands above all it remembers of itself, and
 * whose first looks and comparisons fall at moments of its own.
 */
import { hash32 } from './hash.ts';
import { updateOwnHash } from './members.ts';
import type { Mesh, MeshRoster, Surroundings, Work } from './mesh.ts';
import type { OwnClaim } from './message.ts';
import { takeRoster } from './roster.ts';

/** `incarnation`: the highest this device remembers of itself, or 0. */
export const startMesh = (
  self: { device: string; bootId: string; incarnation: number; claim: OwnClaim },
  roster: MeshRoster,
  surroundings: Surroundings,
): Mesh => {
  const { now, random, seal } = surroundings;
  const incarnation = self.incarnation + 1;
  const claim = { ...self.claim, device: self.device, bootId: self.bootId, incarnation, seq: 1 };
  const mesh: Mesh = {
    self: self.device,
    bootId: self.bootId,
    publicKey: '',
    rosterVersion: 0,
    members: new Map(),
    ring: [],
    ringStale: true,
    lived: 0,
    lastNow: now,
    promisedAt: now,
    healthScore: 0,
    own: self.claim,
    incarnation,
    seq: 1,
    signed: seal.sign({ ...claim, leaving: false }),
    leaving: false,
    refutedAt: Number.NEGATIVE_INFINITY,
    refuteDue: false,
    ownHash: 0,
    place: hash32(`place ${self.device}`),
    outbid: [],
    foreignIncarnation: 0,
    nextSeq: Math.floor(random() * 0x1_0000_0000),
    probeAt: random() * 1_000,
    probeCount: 0,
    rotation: [],
    rounds: new Map(),
    rumours: new Map(),
    gossipAt: Number.POSITIVE_INFINITY,
    gossipRotation: [],
    pushes: new Map(),
    records: new Map(),
    recordsTold: false,
    buckets: new Uint32Array(32),
    membersHash: 0,
    recordsHash: 0,
    changedAt: Number.NEGATIVE_INFINITY,
    compareAt: 0,
    compareDelayMs: 0,
    compareAnywayAt: random() * 30_000,
    wants: new Map(),
    pulls: new Map(),
    fetches: new Map(),
    pauses: new Map(),
    strangerAt: Number.NEGATIVE_INFINITY,
    contacts: new Map(),
    contactAt: 0,
    warnedAt: new Map(),
  };
  const work: Work = { ...surroundings, mesh, steps: [] };
  mesh.ownHash = updateOwnHash(work, 0);
  takeRoster(work, roster);
  return mesh;
};
