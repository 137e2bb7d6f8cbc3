/**
 * What is signed offline: the root after the one in force, and the key set under it. From what the
 * cloud showed (`keys show`), which is checked first: its envelopes must say what it says. Pure but
 * for the signatures; nothing here reads or sends anything.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { siteRecordBytesMax } from '@signalbeam/sync/core/limits';
import { addSignature } from '@signalbeam/sync/wire/dsse';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import type { Root } from '@signalbeam/sync/wire/record-schemas';
import { keysetSchema, openKeyset, payloadTypes } from '@signalbeam/sync/wire/records';
import { base64 } from '@signalbeam/sync/wire/shape';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import { z } from 'zod';

/** The answer of `GET /api/keys`; what it says beside the envelopes is only for people. */
export const shownSchema = z.object({
  proposal: keysetSchema.nullable(),
  envelopes: z.object({ root: base64, keyset: base64 }),
});
export type Shown = z.infer<typeof shownSchema>;

const untrusted = (reason: string): FleetError =>
  new FleetError('keys-untrusted', `What the cloud shows does not verify: ${reason}.`, {
    next: 'Do not sign anything; find out who answers at this address.',
  });

/** The root and key set in force, verified by themselves: compare their key ids with your notes. */
export const verifyShown = ({ envelopes }: Shown) => {
  const pinned = pinRoot(Buffer.from(envelopes.root, 'base64'), 0);
  if (pinned.kind === 'refused') throw untrusted(pinned.reason);
  const bytes = Buffer.from(envelopes.keyset, 'base64');
  const offered = offerRecord(pinned.trust, '', 'tenant/keyset', bytes);
  if (offered.kind !== 'accepted' || offered.record.kind !== 'keyset') {
    throw untrusted(offered.kind === 'refused' ? offered.reason : 'it is no key set');
  }
  return { trust: offered.trust, root: pinned.root, keyset: offered.record.value };
};

const trusted = ({ keyId, publicKey }: Signer) => ({ keyId, publicKey });
const yearMs = 365 * 86_400_000;

/** Signed by the new keys; the old root signs it, too, when it is handed in (the cloud's own does). */
export const nextRoot = (
  shown: Shown,
  signers: readonly Signer[],
  at: { threshold: number; nowMs: number },
): Uint8Array => {
  const { root } = verifyShown(shown);
  const next: Root = {
    tenantId: root.tenantId,
    version: root.version + 1,
    issuedAt: new Date(at.nowMs).toISOString(),
    expiresAt: new Date(at.nowMs + 5 * yearMs).toISOString(),
    development: false,
    threshold: at.threshold,
    keys: signers.map(trusted),
  };
  return sealRecord(payloadTypes.root, next, signers);
};

/** The key set that is proposed, or the same keys as before under the next version. */
export const nextKeyset = (shown: Shown, signers: readonly Signer[], nowMs: number): Uint8Array => {
  const { keyset } = verifyShown(shown);
  const next = shown.proposal ?? keyset;
  if (next.tenantId !== keyset.tenantId) throw untrusted('the proposal is of another tenant');
  const value = {
    ...next,
    version: keyset.version + 1,
    issuedAt: new Date(nowMs).toISOString(),
  };
  return sealRecord(payloadTypes.keyset, value, signers);
};

/** More signatures over the very same bytes, when keys lie in different places. */
export const signToo = (envelope: Uint8Array, signers: readonly Signer[]): Uint8Array =>
  signers.reduce((bytes, signer) => addSignature(bytes, signer, siteRecordBytesMax), envelope);

/** How many of these root keys have signed it so far. */
export const countSignatures = (envelope: Uint8Array, root: Pick<Root, 'keys'>): number => {
  const opened = openKeyset(envelope, root.keys);
  return opened.kind === 'opened' ? opened.keyIds.length : 0;
};

/** True for a root that comes after the one in force. */
export const isNextRoot = (shown: Shown, envelope: Uint8Array): boolean => {
  const pinned = pinRoot(envelope, 0);
  return pinned.kind === 'pinned' && pinned.root.version > verifyShown(shown).root.version;
};

/** True for a key set that was begun to be signed for the root in force, and is not in force yet. */
export const isNextKeyset = (shown: Shown, envelope: Uint8Array): boolean => {
  const { root, keyset } = verifyShown(shown);
  const opened = openKeyset(envelope, root.keys);
  return opened.kind === 'opened' && opened.value.version === keyset.version + 1;
};
