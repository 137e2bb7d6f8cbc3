/** A frame arrives byte for byte or not at all; the chain tells any difference. */
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chainStart } from '../core/lanes.ts';
import { extendChain } from './chain.ts';
import { preAuthEncoding } from './dsse.ts';
import { type Frame, packFrame, unpackFrame } from './frame.ts';
import { createSeed, publicKeyFromRaw, type Signer, signerFromSeed } from './keys.ts';
import { payloadTypes } from './records.ts';

const device = '4f6e1c8e-2f5a-4d6b-9b0c-1a2b3c4d5e6f';
const signer = signerFromSeed(createSeed());
const keyOf = (of: Signer) => publicKeyFromRaw(Buffer.from(of.publicKey, 'base64'));
const lines = [1, 2, 3].map((seq) =>
  JSON.stringify({ seq, at: 1_000 * seq, body: { value: seq } }),
);
const frame: Frame = {
  header: {
    device,
    lane: 'metrics',
    epoch: '00112233445566ff',
    firstSeq: 1,
    lastSeq: 3,
    before: chainStart,
    rows: 3,
    sentAt: 5_000,
  },
  lines,
};

/** Signs anything as a frame, well-formed or not. */
const forge = (text: string, by = signer): Uint8Array => {
  const packed = zstdCompressSync(Buffer.from(text));
  const signature = by.sign(preAuthEncoding(payloadTypes.frame, packed));
  return Buffer.concat([Buffer.from('SBF1'), signature, packed]);
};

describe('a frame', () => {
  it('arrives with the exact bytes of its rows', () => {
    expect(unpackFrame(packFrame(frame, signer), keyOf(signer))).toEqual({
      kind: 'unpacked',
      frame,
    });
  });

  it('is refused with any byte changed, or under another device key', () => {
    const bytes = packFrame(frame, signer);
    for (let at = 0; at < bytes.byteLength; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(unpackFrame(changed, keyOf(signer)).kind).toBe('refused');
    }
    const other = signerFromSeed(createSeed());
    expect(unpackFrame(bytes, keyOf(other))).toMatchObject({ code: 'frame-bad-signature' });
  });

  it('is refused when it is too large, a bomb, empty, or not what its header says', () => {
    const key = keyOf(signer);
    expect(unpackFrame(Buffer.alloc(16_385, 1), key)).toMatchObject({ code: 'frame-too-large' });
    expect(unpackFrame(forge('x'.repeat(600_000)), key)).toMatchObject({ code: 'frame-malformed' });
    expect(unpackFrame(Buffer.alloc(0), key)).toMatchObject({ code: 'frame-malformed' });
    expect(unpackFrame(forge('{"no":"header"}\nrow'), key)).toMatchObject({
      code: 'frame-bad-header',
    });
    const short = `${JSON.stringify(frame.header)}\n${lines[0]}`;
    expect(unpackFrame(forge(short), key)).toMatchObject({
      code: 'frame-bad-header',
      reason: 'it says 3 rows and has 1',
    });
  });
});

describe('the chain', () => {
  it('differs when any row differs, is missing or is out of order', () => {
    const chain = (rows: readonly string[]) => rows.reduce(extendChain, chainStart);
    const whole = chain(lines);
    expect(chain(lines.slice(1))).not.toBe(whole);
    expect(chain([...lines].reverse())).not.toBe(whole);
    expect(chain([`${lines[0]} `, ...lines.slice(1)])).not.toBe(whole);
    expect(whole).toMatch(/^[0-9a-f]{32}$/);
  });
});
