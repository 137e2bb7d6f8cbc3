/**
 * Both engines send a container's two outputs over one stream as frames: one byte says which,
 * three are zero, four are the length, then the bytes. Frames arrive cut anywhere.
 */
import { invalidReply } from './failures.ts';

export type OutputFrame = { stream: 'stdout' | 'stderr'; bytes: Buffer };

const headerBytes = 8;
/** Engines send at most one log line (16 KiB) or one pipe's worth (64 KiB) in a frame. */
const frameBytesMax = 4 * 1024 * 1024;

/** A function that takes chunks and gives the frames that became whole. */
export const createDemultiplexer = (): ((chunk: Uint8Array) => OutputFrame[]) => {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    const frames: OutputFrame[] = [];
    let offset = 0;
    while (pending.length - offset >= headerBytes) {
      const length = frameLength(pending, offset);
      const end = offset + headerBytes + length;
      if (pending.length < end) break;
      const stream = pending[offset] === 2 ? 'stderr' : 'stdout';
      frames.push({ stream, bytes: pending.subarray(offset + headerBytes, end) });
      offset = end;
    }
    pending = pending.subarray(offset);
    return frames;
  };
};

const frameLength = (buffer: Buffer, offset: number): number => {
  const length = buffer.readUInt32BE(offset + 4);
  const wellFormed = (buffer[offset] ?? 255) <= 2 && buffer.readUIntBE(offset + 1, 3) === 0;
  if (!wellFormed || length > frameBytesMax) {
    throw invalidReply('read output', new Error('not a multiplexed stream'));
  }
  return length;
};
