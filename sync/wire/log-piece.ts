/**
 * A piece of a container's log on its way to whoever looks at it, signed by the device, and the
 * cloud's answer. Bytes as a frame's: `SBL1`, 64 bytes of Ed25519 signature, then zstd of JSON; the
 * type is inside of the signature, so neither passes for the other. Nothing of it is stored.
 * The answer is not signed: it can end a session, and prolong it up to the end that was signed.
 */
import type { KeyObject } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { frameBytesMax } from '../core/limits.ts';
import {
  logAnswers,
  logEnds,
  logLineMax,
  logNotes,
  logPieceEntriesMax,
} from '../core/log-session.ts';
import { preAuthEncoding } from './dsse.ts';
import { type Signer, verifySignature } from './keys.ts';
import { type Parsed, parseJson, sequence, timestampMs, uuid } from './shape.ts';

const magic = Buffer.from('SBL1');
const headBytes = magic.byteLength + 64;
const payloadType = 'application/vnd.signalbeam.log+zstd';
/** A piece is made of 15 KB; this refuses bombs. */
const unpackedBytesMax = 64 * 1024;
export const logAnswerBytesMax = 256;

/** Of the session: the nonce of the command that opened it. */
export const logSessionId = z.string().regex(/^[0-9a-f]{32}$/);

const entry = z.union([
  z.tuple([timestampMs, z.enum(['out', 'err']), z.string().max(logLineMax)]),
  z.strictObject({ leftOut: z.int().min(1) }),
  z.strictObject({ at: timestampMs, note: z.enum(logNotes) }),
]);

export const logPieceSchema = z.strictObject({
  device: uuid,
  session: logSessionId,
  /** Counts pieces; one whose answer got lost comes again under its number. */
  seq: sequence,
  entries: z.array(entry).max(logPieceEntriesMax),
  ended: z.enum(logEnds).nullable(),
});
export type LogPiece = z.infer<typeof logPieceSchema>;

export const logAnswerSchema = z.strictObject({
  session: logSessionId,
  next: z.enum(logAnswers),
});

export const packLogPiece = (piece: LogPiece, signer: Signer): Uint8Array => {
  const packed = zstdCompressSync(Buffer.from(JSON.stringify(piece)));
  return Buffer.concat([magic, signer.sign(preAuthEncoding(payloadType, packed)), packed]);
};

const refused = (reason: string): Parsed<never> => ({ kind: 'refused', reason });

/** Verifies with the device's key, then unpacks within limits, then parses. */
export const openLogPiece = (bytes: Uint8Array, deviceKey: KeyObject): Parsed<LogPiece> => {
  if (bytes.byteLength > frameBytesMax) return refused(`more than ${frameBytesMax} bytes`);
  if (bytes.byteLength <= headBytes || !magic.equals(bytes.subarray(0, magic.byteLength))) {
    return refused('it does not start like a piece of a log');
  }
  const packed = bytes.subarray(headBytes);
  const signature = bytes.subarray(magic.byteLength, headBytes);
  if (!verifySignature(deviceKey, preAuthEncoding(payloadType, packed), signature)) {
    return refused('its signature is not of the device');
  }
  let unpacked: Buffer;
  try {
    unpacked = zstdDecompressSync(packed, { maxOutputLength: unpackedBytesMax });
  } catch {
    return refused(`it does not unpack within ${unpackedBytesMax} bytes`);
  }
  return parseJson(unpacked, logPieceSchema, unpackedBytesMax);
};
