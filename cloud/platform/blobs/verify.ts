/** Passes bytes on and holds them to the digest and size they were announced with. */
import { createHash } from 'node:crypto';
import { FleetError } from '@signalbeam/sync/core/errors';
import { digestHex } from './port.ts';

const mismatch = (what: string): FleetError =>
  new FleetError('digest-mismatch', `The content is not what was announced: ${what}.`, {
    next: 'Send it again; if it stays so, the source is damaged.',
  });

/** Throws `digest-mismatch` at the byte too many, or at the end; its user must then undo. */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  digest: string,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.byteLength;
    if (seen > sizeBytes) throw mismatch(`it has more than ${sizeBytes} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (seen !== sizeBytes) throw mismatch(`it has ${seen} bytes, not ${sizeBytes}`);
  if (hash.digest('hex') !== digestHex(digest)) throw mismatch('its SHA-256 is another one');
}
