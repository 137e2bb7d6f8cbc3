/** A piece of a log is the device's own words, or nothing. */
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { preAuthEncoding } from './dsse.ts';
import { packFrame } from './frame.ts';
import { createSeed, publicKeyFromRaw, type Signer, signerFromSeed } from './keys.ts';
import { type LogPiece, openLogPiece, packLogPiece } from './log-piece.ts';

const signer = signerFromSeed(createSeed());
const keyOf = (of: Signer) => publicKeyFromRaw(Buffer.from(of.publicKey, 'base64'));
const piece: LogPiece = {
  device: '4f6e1c8e-2f5a-4d6b-9b0c-1a2b3c4d5e6f',
  session: 'a'.repeat(32),
  seq: 3,
  entries: [{ leftOut: 7 }, [1_000, 'err', 'grün'], { at: 2_000, note: 'stopped' }],
  ended: null,
};
const forge = (value: unknown): Uint8Array => {
  const packed = zstdCompressSync(Buffer.from(JSON.stringify(value)));
  const signed = preAuthEncoding('application/vnd.signalbeam.log+zstd', packed);
  return Buffer.concat([Buffer.from('SBL1'), signer.sign(signed), packed]);
};
const reasonOf = (bytes: Uint8Array, key = keyOf(signer)): string => {
  const opened = openLogPiece(bytes, key);
  return opened.kind === 'refused' ? opened.reason : 'opened';
};

it('arrives as it was packed', () => {
  expect(openLogPiece(packLogPiece(piece, signer), keyOf(signer))).toEqual({
    kind: 'parsed',
    value: piece,
  });
});

it('is refused when any bit of it is another, or another device signed it', () => {
  const bytes = packLogPiece(piece, signer);
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(reasonOf(changed)).not.toBe('opened');
  }
  const other = signerFromSeed(createSeed());
  expect(reasonOf(bytes, keyOf(other))).toBe('its signature is not of the device');
});

it('is no frame, and no frame is one', () => {
  const header = {
    ...{ device: piece.device, lane: 'logs' as const, epoch: '0'.repeat(16) },
    ...{ firstSeq: 1, lastSeq: 1, before: '0'.repeat(32), rows: 1, sentAt: 1 },
  };
  const frame = packFrame({ header, lines: ['{}'] }, signer);
  expect(reasonOf(frame)).toContain('does not start');
  const disguised = Buffer.concat([Buffer.from('SBL1'), frame.subarray(4)]);
  expect(reasonOf(disguised)).toBe('its signature is not of the device');
});

it('that unpacks to more than its limit, or says what it must not, is refused', () => {
  expect(reasonOf(forge({ ...piece, entries: [[1, 'out', 'x'.repeat(10_000_000)]] }))).toContain(
    'does not unpack',
  );
  expect(reasonOf(new Uint8Array(20_000))).toContain('more than');
  for (const entries of [
    [[1, 'out', 'x'.repeat(4_001)]],
    [[-1, 'out', 'x']],
    [[1, 'both', 'x']],
    [{ leftOut: 0 }],
    [{ at: 1, note: '<script>' }],
    Array(1_001).fill([1, 'out', '']),
  ]) {
    expect(reasonOf(forge({ ...piece, entries }))).toContain('entries');
  }
  expect(reasonOf(forge({ ...piece, environment: {} }))).toContain('environment');
});
