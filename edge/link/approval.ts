/**
 * Waiting to be approved. It is a state, not an error: the agent asks politely and for ever, shows
 * what it waits for, and starts its work the moment the answer comes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { Judged } from '../host/trust.ts';
import { type Approved, type Registered, writeRegistration } from '../store/enrolment.ts';
import { trustOfEnrolment } from '../store/trust.ts';
import { openCloud } from './cloud.ts';
import { createTokenMint } from './device-token.ts';
import type { Ask } from './http-ask.ts';
import type { Log } from './up.ts';

export type ApprovalParts = {
  folder: string;
  registered: Registered;
  signer: Signer;
  now: () => number;
  random: () => number;
  log: Log;
  signal: AbortSignal;
  onChange: (registered: Registered) => void;
  /** By whatever path is open; the network's own way to the cloud when absent. */
  fetch?: Ask;
  askEveryMs?: { first: number; max: number };
};

/** Null when it was told to stop before the answer came. */
export const awaitApproval = async (parts: ApprovalParts): Promise<Approved | null> => {
  const { signal, log, random } = parts;
  const { first, max } = parts.askEveryMs ?? { first: 2_000, max: 30_000 };
  let known = parts.registered;
  let delayMs = first;
  while (known.status !== 'approved') {
    if (signal.aborted) return null;
    const next = await askEnrolment({ ...parts, registered: known });
    if (next.status !== known.status) {
      writeRegistration(parts.folder, next);
      parts.onChange(next);
      log('info', describe(next));
      delayMs = first;
    } else if (delayMs === first) {
      log('info', describe(next));
    }
    known = next;
    if (known.status === 'approved') break;
    await sleep(delayMs * (0.5 + random()), undefined, { signal }).catch(() => undefined);
    delayMs = Math.min(max, delayMs * 1.5);
  }
  return known;
};

const describe = (known: Registered): string => {
  switch (known.status) {
    case 'pending':
      return `Waiting for approval: an operator approves the device with the fingerprint ${known.fingerprint}`;
    case 'rejected':
      return `An operator rejected this device${known.reason === null ? '' : `: ${known.reason}`}. It goes on asking`;
    case 'approved':
      return 'This device is approved';
  }
};

/** What an approved device asks with: the root it believes, and its judgement of the answer. */
export type Believer = {
  rootVersion: () => number;
  judge: (enrolment: Enrolment, roots: readonly Uint8Array[]) => Judged;
  /** The cloud says that this device is removed; only the signed revocation says so in earnest. */
  hear: (farewell: {
    roots: readonly Uint8Array[];
    keyset: Uint8Array;
    revocation: Uint8Array;
  }) => void;
};

/** Asks once. Failures of the way there leave things as they are: it is asked again. */
export const askEnrolment = async (
  parts: Omit<ApprovalParts, 'signal'> & { believer?: Believer },
): Promise<Registered> => {
  const { signer, now, log, registered: known } = parts;
  const mint = createTokenMint({
    ...{ signer, now },
    ...{ deviceId: known.deviceId, tenantId: known.tenantId },
  });
  const through = parts.fetch === undefined ? {} : { fetch: parts.fetch };
  try {
    const answer = await openCloud({ url: known.cloudUrl, mint, ...through }).enrolment(
      known.deviceId,
      parts.believer?.rootVersion() ?? null,
    );
    const { version, cloudUrl, deviceId, tenantId, site, name, fingerprint } = known;
    const base = { version, cloudUrl, deviceId, tenantId, site, name, fingerprint };
    if (answer.status === 'pending') return { ...base, status: 'pending' };
    if (answer.status === 'rejected') return { ...base, status: 'rejected', reason: answer.reason };
    if (answer.status === 'removed') {
      const { removal: how, roots: chain, keyset, revocation } = answer;
      parts.believer?.hear({
        roots: chain.map(bytesOf),
        keyset: bytesOf(keyset),
        revocation: bytesOf(revocation),
      });
      if (known.status === 'approved') return known;
      return { ...base, status: 'rejected', reason: `it was ${how}; register it again` };
    }
    const { enrolment } = answer;
    if (enrolment.deviceId !== deviceId || enrolment.tenantId !== tenantId) throw otherDevice();
    // Refused here, an enrolment is never written down.
    trustOfEnrolment(enrolment, 0);
    const roots = (answer.roots ?? []).map(bytesOf);
    const judged = parts.believer?.judge(enrolment, roots) ?? { kind: 'believed' };
    if (judged.kind === 'refused') throw notBelieved(judged.reason);
    const approved: Approved = {
      ...base,
      site: enrolment.site,
      name: enrolment.name,
      status: 'approved',
      enrolment,
    };
    return approved;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    log('warn', 'The cloud could not be asked for the enrolment; it is asked again', { reason });
    return known;
  }
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'base64');

const otherDevice = (): FleetError =>
  new FleetError(
    'enrolment-of-another',
    'The cloud sent the enrolment of another device; it was not used.',
    {
      next: 'Tell the operator of the cloud.',
    },
  );

const notBelieved = (reason: string): FleetError =>
  new FleetError(
    'enrolment-refused',
    `An enrolment that does not follow from what this device believes was not used: ${reason}.`,
    {
      next: 'Whoever carries it may have changed it; if it goes on, register the device again.',
    },
  );
