/**
 * Follows the records of the tenant and of the site, as the downlink follows the device's own: on
 * every connection, on a poke and now and then the site's snapshot is fetched, and after it what it
 * names newer than what is held. Roots are walked one by one. Whatever comes is only offered; the
 * store judges it.
 */
import type { RecordName, Versions } from '@signalbeam/sync/core/records';
import { missingRecords, type Trust } from '@signalbeam/sync/core/trust';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { sitePokeSchema } from '@signalbeam/sync/wire/heartbeat';
import type { Offered } from '@signalbeam/sync/wire/offer';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects, tenantScope } from '@signalbeam/sync/wire/subjects';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Log } from './up.ts';

export type FollowParts = {
  carrier: Carrier;
  device: { deviceId: string; site: string };
  trust: () => Trust;
  /** Of the bytes that are held. */
  versions: () => Versions;
  offer: (name: RecordName, bytes: Uint8Array) => Offered;
  random: () => number;
  timers?: Timers;
  log: Log;
  heard: () => void;
  compareEveryMs: number;
};

const pokeBytesMax = 256;
const replyTimeoutMs = 15_000;
const notFound = 404;
const retryMs = { first: 1_000, max: 30_000 };
/** Roots that may follow one another in one look: far more than a tenant makes in a decade. */
const rootsMax = 64;
/** A new key set may be why a snapshot is not believed: then the keys are looked at first. */
const needsKeys = new Set(['unknown-signer', 'threshold-not-met', 'no-keyset']);

export const startFollowing = (parts: FollowParts) => {
  const { carrier, device, timers = systemTimers } = parts;
  let busy = false;
  let again = false;
  let failures = 0;
  let cancelTimer = (): void => undefined;

  /** False when the way there failed; a record that is not there is an answer. */
  const fetch = async (name: RecordName, token: string): Promise<Offered | 'absent' | 'failed'> => {
    const scope = name.startsWith('tenant/') ? tenantScope : device.site;
    const subject = deviceSubjects.record(scope, token);
    const reply = await carrier.request(subject, new Uint8Array(), replyTimeoutMs);
    if (reply.kind === 'failed') return 'failed';
    parts.heard();
    if (reply.code === notFound || reply.bytes.byteLength === 0) return 'absent';
    return parts.offer(name, reply.bytes);
  };
  const fetchNewest = (name: RecordName) => fetch(name, name.split('/')[1] ?? '');
  const walkRoots = async (): Promise<boolean> => {
    const { version } = parts.trust().root;
    // Believed already, but its bytes went with a damaged database: others of the site need them.
    if (version > (parts.versions().get('tenant/root') ?? 0)) {
      if ((await fetch('tenant/root', `root-${version}`)) === 'failed') return false;
    }
    for (let step = 0; step < rootsMax; step += 1) {
      const next = await fetch('tenant/root', `root-${parts.trust().root.version + 1}`);
      if (next === 'failed') return false;
      if (next === 'absent' || next.kind !== 'accepted') return true;
    }
    return true;
  };
  const fetchKeys = async (): Promise<boolean> =>
    (await walkRoots()) && (await fetchNewest('tenant/keyset')) !== 'failed';
  const look = async (): Promise<boolean> => {
    let snapshot = await fetchNewest('site/snapshot');
    if (snapshot === 'failed') return false;
    if (snapshot !== 'absent' && snapshot.kind === 'refused' && needsKeys.has(snapshot.code)) {
      if (!(await fetchKeys())) return false;
      snapshot = await fetchNewest('site/snapshot');
      if (snapshot === 'failed') return false;
    }
    const missing = missingRecords(parts.trust(), parts.versions());
    if (missing.includes('tenant/root') && !(await walkRoots())) return false;
    for (const name of missing) {
      if (name !== 'tenant/root' && (await fetchNewest(name)) === 'failed') return false;
    }
    return true;
  };
  const later = (delayMs: number): void => {
    cancelTimer();
    cancelTimer = timers.after(delayMs, () => void compare(), 'background');
  };
  const compare = async (): Promise<void> => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    const answered = await look();
    busy = false;
    failures = answered ? 0 : failures + 1;
    if (again) return compare();
    if (answered) return later(parts.compareEveryMs * (0.8 + 0.4 * parts.random()));
    const backoffMs = Math.min(retryMs.max, retryMs.first * 2 ** Math.min(failures, 10));
    if (carrier.status() === 'connected') later(backoffMs * (0.5 + parts.random()));
  };
  /** A whole site hears it at once, so each waits a moment of its own. */
  const hint = (bytes: Uint8Array): void => {
    const poke = parseJson(bytes, sitePokeSchema, pokeBytesMax);
    if (poke.kind === 'refused') {
      parts.log('warn', 'A poke to the site was not understood', { reason: poke.reason });
    } else if (poke.value.snapshot > (parts.trust().floors.get('site/snapshot')?.version ?? 0)) {
      later(spreadMs * parts.random());
    }
  };
  const unsubscribe = carrier.subscribe(deviceSubjects.downSite(device.site), hint);
  return {
    compare: () => void compare(),
    stop: (): void => {
      cancelTimer();
      unsubscribe();
    },
  };
};

const spreadMs = 2_000;
