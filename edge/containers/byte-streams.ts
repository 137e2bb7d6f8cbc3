/**
 * Reading an engine's endless answers (logs, events, pulls) as async iterables that end quietly
 * when the reader's signal aborts and never hold more than one chunk or one line.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { invalidReply } from './failures.ts';

/** Engines' event and progress lines are a few hundred bytes; more is not theirs. */
const jsonLineLengthMax = 1024 * 1024;

/** Chunks of `stream` until it ends or `signal` aborts; the stream is destroyed either way. */
export async function* chunksOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => stream.destroy();
  // Destroyed between two reads it may still emit an error that nobody awaits.
  stream.on('error', () => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    for await (const chunk of stream) yield Buffer.from(chunk);
  } catch (cause) {
    if (!signal.aborted) throw cause;
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

/** Parsed JSON values, one a line (or simply one after another, newline between). */
export async function* jsonLinesOf(chunks: AsyncIterable<Buffer>, what: string) {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  for await (const chunk of chunks) {
    const lines = (pending + decoder.write(chunk)).split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > jsonLineLengthMax) throw invalidReply(what, new Error('line too long'));
    for (const line of lines) if (line.trim() !== '') yield parse(line, what);
  }
  if (pending.trim() !== '') yield parse(pending, what);
}

const parse = (line: string, what: string): unknown => {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw invalidReply(what, cause);
  }
};
