/**
 * Codes of an authenticator app (RFC 6238: SHA-1, 30 seconds, 6 digits, which every app knows). Pure:
 * who checks a code remembers its step, so that none counts twice.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const totpSecretBytes = 20;
const stepMs = 30_000;
/** Steps that a phone's clock may be off to either side. */
const tolerance = 1;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
export const base32 = (bytes: Uint8Array): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
};

const codeAt = (secret: Uint8Array, step: number): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7f_ff_ff_ff;
  return String(number % 1_000_000).padStart(6, '0');
};

export const totpCode = (secret: Uint8Array, nowMs: number): string =>
  codeAt(secret, Math.floor(nowMs / stepMs));

/** The step whose code this is, if it is later than `after` and about now; else null. */
export const totpStepOf = (
  secret: Uint8Array,
  code: string,
  known: { after: number; nowMs: number },
): number | null => {
  if (!/^[0-9]{6}$/.test(code)) return null;
  const present = Math.floor(known.nowMs / stepMs);
  for (let step = present - tolerance; step <= present + tolerance; step += 1) {
    const same = timingSafeEqual(Buffer.from(codeAt(secret, step)), Buffer.from(code));
    if (same && step > known.after) return step;
  }
  return null;
};

/** What a QR code tells an authenticator app. */
export const totpUri = (secret: Uint8Array, account: string): string => {
  const label = encodeURIComponent(`SignalBeam:${account}`);
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=SignalBeam`;
};
