/**
 * Signed envelopes (DSSE). The type is inside the signature, so no message can pass for another;
 * only bytes that verified are ever parsed, and nothing is believed for how it arrived.
 * Not a key store: callers bring the keys they trust for this type.
 */
import { z } from 'zod';
import { canonicalJson } from './canonical.ts';
import { publicKeyFromText, type Signer, verifySignature } from './keys.ts';
import { base64, parseJson } from './shape.ts';

export const envelopeSchema = z.strictObject({
  payloadType: z.string().max(128),
  payload: base64,
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(64), sig: base64.max(128) }))
    .min(1)
    .max(8),
});

export type Envelope = z.infer<typeof envelopeSchema>;

/** A key somebody trusts: 32 raw bytes in base64, and its name. */
export type TrustedKey = { keyId: string; publicKey: string };

export type Opened<T> =
  | { kind: 'opened'; value: T; keyIds: string[] }
  | {
      kind: 'refused';
      code: EnvelopeFault;
      reason: string;
    };

export type EnvelopeFault =
  | 'envelope-too-large'
  | 'malformed-envelope'
  | 'wrong-type'
  | 'unknown-signer'
  | 'bad-signature'
  | 'threshold-not-met'
  | 'bad-payload';

/** The bytes that verified, not yet parsed. */
export type Verified =
  | { kind: 'verified'; payload: Uint8Array; keyIds: string[] }
  | Extract<Opened<never>, { kind: 'refused' }>;

/** DSSE's pre-authentication encoding: what is actually signed. */
export const preAuthEncoding = (payloadType: string, payload: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `),
    payload,
  ]);

/** Signs `value` as canonical JSON; returns the envelope's bytes, which are what is stored and hashed. */
export const sealEnvelope = (
  payloadType: string,
  value: unknown,
  signers: readonly Signer[],
): Uint8Array => {
  return sealPayload(payloadType, Buffer.from(canonicalJson(value)), signers);
};

const sealPayload = (
  payloadType: string,
  payload: Buffer,
  signers: readonly Signer[],
): Uint8Array => {
  const signed = preAuthEncoding(payloadType, payload);
  return Buffer.from(
    JSON.stringify({
      payloadType,
      payload: payload.toString('base64'),
      signatures: signers.map((signer) => ({
        keyid: signer.keyId,
        sig: Buffer.from(signer.sign(signed)).toString('base64'),
      })),
    } satisfies Envelope),
  );
};

const refused = (code: EnvelopeFault, reason: string) =>
  ({ kind: 'refused', code, reason }) as const;

export type Expected = {
  payloadType: string;
  keys: readonly TrustedKey[];
  bytesMax: number;
  /** How many different trusted keys must have signed; 1 unless it says otherwise. */
  threshold?: number;
};

/** Reads an envelope that is written in the one way we write it: no bit of it may be another. */
const readEnvelope = (bytes: Uint8Array | string, bytesMax: number) => {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  const parsed = parseJson(text, envelopeSchema, bytesMax);
  if (parsed.kind === 'refused') return refused('malformed-envelope', parsed.reason);
  const { payloadType, payload, signatures } = parsed.value;
  const payloadBytes = Buffer.from(payload, 'base64');
  const same: Envelope = {
    payloadType,
    payload: payloadBytes.toString('base64'),
    signatures: signatures.map(({ keyid, sig }) => ({
      keyid,
      sig: Buffer.from(sig, 'base64').toString('base64'),
    })),
  };
  if (JSON.stringify(same) !== text) return refused('malformed-envelope', 'it is not canonical');
  return { kind: 'read', payloadType, payload: payloadBytes, signatures } as const;
};

/**
 * The same envelope with one more signature, over exactly its bytes: how several people, or the old
 * root and the new one, sign one record. What it says is not judged here.
 */
export const addSignature = (bytes: Uint8Array, signer: Signer, bytesMax: number): Uint8Array => {
  const envelope = readEnvelope(bytes, bytesMax);
  if (envelope.kind === 'refused') throw new TypeError(`not an envelope: ${envelope.reason}`);
  const { payloadType, payload, signatures } = envelope;
  const sig = Buffer.from(signer.sign(preAuthEncoding(payloadType, payload))).toString('base64');
  const others = signatures.filter(({ keyid }) => keyid !== signer.keyId);
  return Buffer.from(
    JSON.stringify({
      payloadType,
      payload: payload.toString('base64'),
      signatures: [...others, { keyid: signer.keyId, sig }],
    } satisfies Envelope),
  );
};

/** Exactly what an envelope says, under these signatures alone: its signer was withdrawn. */
export const resealEnvelope = (
  bytes: Uint8Array,
  signers: readonly Signer[],
  bytesMax: number,
): Uint8Array => {
  const envelope = readEnvelope(bytes, bytesMax);
  if (envelope.kind === 'refused') throw new TypeError(`not an envelope: ${envelope.reason}`);
  return sealPayload(envelope.payloadType, envelope.payload, signers);
};

/**
 * Verifies; parses nothing but the envelope. Keys that are not trusted are passed over (a record
 * signed for a rotation has some); a trusted key whose signature is wrong refuses the whole.
 * Cost: one Ed25519 verification (about 0.1 ms) per signature by a known key.
 */
export const verifyEnvelope = (bytes: Uint8Array | string, expected: Expected): Verified => {
  const sizeBytes = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
  if (sizeBytes > expected.bytesMax) {
    const reason = `${sizeBytes} bytes, more than the ${expected.bytesMax} allowed`;
    return refused('envelope-too-large', reason);
  }
  const envelope = readEnvelope(bytes, expected.bytesMax);
  if (envelope.kind === 'refused') return envelope;
  const { payloadType, payload, signatures } = envelope;
  if (payloadType !== expected.payloadType) {
    return refused('wrong-type', `it is ${payloadType}, not ${expected.payloadType}`);
  }
  const signed = preAuthEncoding(payloadType, payload);
  const verified = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const key = expected.keys.find((candidate) => candidate.keyId === keyid);
    if (key === undefined) continue;
    if (!verifySignature(publicKeyFromText(key.publicKey), signed, Buffer.from(sig, 'base64'))) {
      return refused('bad-signature', 'its signature does not match its content');
    }
    verified.add(keyid);
  }
  if (verified.size === 0) {
    return refused('unknown-signer', 'none of its signers is trusted for this');
  }
  const threshold = expected.threshold ?? 1;
  if (verified.size < threshold) {
    const reason = `${verified.size} of the ${threshold} signatures that it needs`;
    return refused('threshold-not-met', reason);
  }
  return { kind: 'verified', payload, keyIds: [...verified] };
};

/** Verifies, then parses. */
export const openEnvelope = <T>(
  bytes: Uint8Array | string,
  expected: Expected & { schema: z.ZodType<T> },
): Opened<T> => {
  const verified = verifyEnvelope(bytes, expected);
  if (verified.kind === 'refused') return verified;
  const value = parseJson(verified.payload, expected.schema, expected.bytesMax);
  if (value.kind === 'refused') return refused('bad-payload', value.reason);
  return { kind: 'opened', value: value.value, keyIds: verified.keyIds };
};
