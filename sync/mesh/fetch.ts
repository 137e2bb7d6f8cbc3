/**
 * Which records to fetch from whom. Invariants: a few fetches at once and one per holder; when a
 * fetch takes long another holder is asked too; one that does not deliver what it said is left
 * alone for longer each time; nothing wanted is lost for good, because comparing finds it again; of too
 * much that is wanted the newest is kept.
 */
import {
  announcementsMax,
  fetchesMax,
  fetchNamesMax,
  fetchPatienceMs,
  fetchPauseMs,
  fetchTimeoutMs,
  holdersMax,
  pieceBytesMax,
  recordsMax,
} from './limits.ts';
import { addressesOf, isHere, setRecord, warn } from './members.ts';
import type { Mesh, Work } from './mesh.ts';
import type { DeviceId, RecordName, Version } from './message.ts';
import { isPulled } from './pull.ts';
import { spread, spreadRecord } from './rumours.ts';

/** Somebody holds this version. */
export const wantRecord = (
  { mesh }: Work,
  holder: DeviceId,
  name: RecordName,
  version: Version,
) => {
  if (version <= (mesh.records.get(name) ?? 0)) return;
  const want = mesh.wants.get(name);
  if (want === undefined) {
    if (mesh.wants.size >= recordsMax) forgetOldest(mesh);
    mesh.wants.set(name, { version, holders: [holder] });
  } else if (version > want.version) {
    // The older holders stay: a lie about a version must not hide those who have the true one.
    want.version = version;
    want.holders = [holder, ...want.holders.filter((other) => other !== holder)].slice(
      0,
      holdersMax,
    );
  } else if (!want.holders.includes(holder) && want.holders.length < holdersMax) {
    want.holders.push(holder);
  }
};

/** The newest is wanted now: one who promises without end does not hide what others have. */
const forgetOldest = ({ wants }: Mesh): void => {
  for (const name of wants.keys()) {
    wants.delete(name);
    return;
  }
};

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

const canAsk = (mesh: Mesh, holder: DeviceId): boolean => {
  const member = mesh.members.get(holder);
  const pause = mesh.pauses.get(holder);
  return (
    member !== undefined &&
    isHere(member) &&
    !mesh.fetches.has(holder) &&
    (pause === undefined || pause.until <= mesh.lived)
  );
};

/** Gives each free holder what is wanted of it. */
export const planFetches = (work: Work): void => {
  const { mesh, steps } = work;
  for (const [device, fetch] of mesh.fetches) {
    if (fetch.deadline <= mesh.lived) endFetch(work, device);
  }
  if (mesh.wants.size === 0 || mesh.fetches.size >= fetchesMax) return;
  const busy = new Set<RecordName>();
  for (const { names, patientUntil } of mesh.fetches.values()) {
    if (patientUntil > mesh.lived) for (const name of names) busy.add(name);
  }
  const perHolder = new Map<DeviceId, RecordName[]>();
  for (const [name, want] of mesh.wants) {
    if (busy.has(name) || isPulled(mesh, name)) continue;
    const holder = want.holders.find((device) => canAsk(mesh, device));
    if (holder === undefined) {
      // Nobody left who may have it; who really does is found by comparing.
      if (want.holders.every((device) => !mesh.fetches.has(device) && !mesh.pauses.has(device))) {
        mesh.wants.delete(name);
      }
      continue;
    }
    const names = perHolder.get(holder) ?? [];
    if (names.length < fetchNamesMax) perHolder.set(holder, [...names, name]);
  }
  for (const [device, names] of perHolder) {
    if (mesh.fetches.size >= fetchesMax) return;
    const member = mesh.members.get(device);
    const address = member === undefined ? undefined : addressesOf(mesh, member)[0];
    if (address === undefined) continue;
    const port = member?.signed?.claim.peerPort ?? 0;
    mesh.fetches.set(device, {
      names,
      deadline: mesh.lived + fetchTimeoutMs,
      patientUntil: mesh.lived + fetchPatienceMs,
    });
    steps.push({
      kind: 'fetch-records',
      from: device,
      address: port === 0 ? address : `${hostOf(address)}:${port}`,
      names,
    });
  }
};

/** A fetch is over: what it promised and did not bring counts against the holder. */
export const endFetch = (work: Work, device: DeviceId): void => {
  const { mesh } = work;
  const fetch = mesh.fetches.get(device);
  if (fetch === undefined) return;
  mesh.fetches.delete(device);
  let missing = 0;
  for (const name of fetch.names) {
    const want = mesh.wants.get(name);
    if (want === undefined) continue;
    missing += 1;
    want.holders = want.holders.filter((other) => other !== device);
    if (want.holders.length === 0) mesh.wants.delete(name);
  }
  if (missing === 0) {
    mesh.pauses.delete(device);
    return;
  }
  const failures = (mesh.pauses.get(device)?.failures ?? 0) + 1;
  const pauseMs = Math.min(fetchPauseMs.max, fetchPauseMs.first * 2 ** Math.min(failures - 1, 10));
  mesh.pauses.set(device, { until: mesh.lived + pauseMs, failures });
  if (failures >= 3) warn(work, 'empty-promise', device);
};

/** What the shell now holds: differences are announced if they are few, or go round themselves. */
export const takeRecords = (work: Work, versions: ReadonlyMap<RecordName, Version>): void => {
  const { mesh } = work;
  const changed: RecordName[] = [];
  for (const name of [...mesh.records.keys()]) if (!versions.has(name)) setRecord(work, name, null);
  for (const [name, version] of versions) {
    if (mesh.records.get(name) === version) continue;
    if (mesh.records.size >= recordsMax && !mesh.records.has(name)) continue;
    setRecord(work, name, version);
    changed.push(name);
    const want = mesh.wants.get(name);
    if (want !== undefined && version >= want.version) mesh.wants.delete(name);
  }
  const isNews = mesh.recordsTold;
  mesh.recordsTold = true;
  if (changed.length > announcementsMax) return;
  for (const name of changed) {
    const version = versions.get(name) ?? 0;
    const bytes = isNews ? work.contentOf(name) : null;
    const goesRound =
      bytes !== null &&
      bytes.byteLength <= pieceBytesMax &&
      spreadRecord(work, name, { version, bytes });
    if (!goesRound) spread(work, { kind: 'holds', name, version });
  }
};

export const nextFetchAt = (mesh: Mesh): number => {
  let at = Number.POSITIVE_INFINITY;
  for (const { deadline } of mesh.fetches.values()) at = Math.min(at, deadline);
  if (mesh.wants.size === 0) return at;
  for (const { patientUntil } of mesh.fetches.values()) {
    if (patientUntil > mesh.lived) at = Math.min(at, patientUntil);
  }
  for (const { until } of mesh.pauses.values()) if (until > mesh.lived) at = Math.min(at, until);
  return at;
};
