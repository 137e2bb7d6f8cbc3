/**
 * A frame: consecutive rows of one lane, compressed and signed by the device that wrote them.
 * Bytes: `SBF1`, 64 bytes of Ed25519 signature, then zstd of a header line and one line per row.
 * The signature is over the compressed bytes, so nothing is unpacked or parsed before it verified.
 */
import type { KeyObject } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { laneNames } from '../core/lanes.ts';
import { frameBytesMax, frameRowsMax, frameUnpackedBytesMax } from '../core/limits.ts';
import { preAuthEncoding } from './dsse.ts';
import { type Signer, verifySignature } from './keys.ts';
import { payloadTypes } from './records.ts';
import { chainHash, epoch, parseJson, sequence, timestampMs, uuid } from './shape.ts';

const magic = Buffer.from('SBF1');
const headBytes = magic.byteLength + 64;

export const frameHeader = z.strictObject({
  device: uuid,
  lane: z.enum(laneNames),
  epoch,
  /** Sequence of the first line; a gap line counts as its `from`. */
  firstSeq: sequence,
  /** Sequence of the last line; a gap line counts as its `to`. */
  lastSeq: sequence,
  /** The chain's hash before the first line. */
  before: chainHash,
  rows: z.int().min(1).max(frameRowsMax),
  /** The device's clock when it packed this. */
  sentAt: timestampMs,
});
export type FrameHeader = z.infer<typeof frameHeader>;

/** A frame that verified: its header and its lines, still as the exact bytes that were hashed. */
export type Frame = { header: FrameHeader; lines: string[] };

export type UnpackedFrame =
  | { kind: 'unpacked'; frame: Frame }
  | {
      kind: 'refused';
      code: 'frame-malformed' | 'frame-too-large' | 'frame-bad-signature' | 'frame-bad-header';
      reason: string;
    };

const refused = (
  code: Extract<UnpackedFrame, { kind: 'refused' }>['code'],
  reason: string,
): UnpackedFrame => ({ kind: 'refused', code, reason });

/** Packs and signs. The caller keeps the result at or below `frameBytesMax` (see `sync/outbox`). */
export const packFrame = (frame: Frame, signer: Signer): Uint8Array => {
  const text = `${JSON.stringify(frame.header)}\n${frame.lines.join('\n')}`;
  const packed = zstdCompressSync(Buffer.from(text));
  const signature = signer.sign(preAuthEncoding(payloadTypes.frame, packed));
  return Buffer.concat([magic, signature, packed]);
};

/** Verifies with the device's key, then unpacks within limits. Lines are not parsed here. */
export const unpackFrame = (bytes: Uint8Array, publicKey: KeyObject): UnpackedFrame => {
  if (bytes.byteLength > frameBytesMax) {
    return refused(
      'frame-too-large',
      `${bytes.byteLength} bytes, more than the ${frameBytesMax} allowed`,
    );
  }
  if (bytes.byteLength <= headBytes || !magic.equals(bytes.subarray(0, magic.byteLength))) {
    return refused('frame-malformed', 'it does not start like a frame');
  }
  const packed = bytes.subarray(headBytes);
  const signature = bytes.subarray(magic.byteLength, headBytes);
  if (!verifySignature(publicKey, preAuthEncoding(payloadTypes.frame, packed), signature)) {
    return refused('frame-bad-signature', 'its signature is not of the device it names');
  }
  let text: string;
  try {
    text = zstdDecompressSync(packed, { maxOutputLength: frameUnpackedBytesMax }).toString('utf8');
  } catch {
    return refused('frame-malformed', `it does not unpack within ${frameUnpackedBytesMax} bytes`);
  }
  const [head = '', ...lines] = text.split('\n');
  const header = parseJson(head, frameHeader, 1_024);
  if (header.kind === 'refused') return refused('frame-bad-header', header.reason);
  if (lines.length !== header.value.rows) {
    return refused('frame-bad-header', `it says ${header.value.rows} rows and has ${lines.length}`);
  }
  return { kind: 'unpacked', frame: { header: header.value, lines } };
};
