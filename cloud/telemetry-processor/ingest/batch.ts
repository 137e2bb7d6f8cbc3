/**
 * Fills a batch with what waits in the queue: devices are looked up together, frames decoded, and
 * the event loop gets a turn every few milliseconds so that a commit in progress goes on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { parseDeviceSubject } from '@signalbeam/sync/wire/subjects';
import { type LetterBudget, letterOfFrame } from './dead-letters.ts';
import { decodeFrame } from './decode.ts';
import type { Directory, FoundDevices } from './directory.ts';
import type { Outlet } from './queue.ts';
import type { Retrying } from './retry.ts';
import type { DeadLetter } from './statements.ts';
import type { FrameMessage } from './store.ts';

/** What the pipeline needs of a JetStream message. */
export type IngestMessage = Pick<JsMsg, 'subject' | 'data' | 'info' | 'ack' | 'nak' | 'term'>;

export type Taken = FrameMessage & { message: IngestMessage };
export type Batch = {
  taken: Taken[];
  refused: IngestMessage[];
  letters: DeadLetter[];
  rows: number;
};

const batchFramesMax = 1_024;
const batchRowsMax = 20_000;
/** Decoded between two turns of the event loop: about 5 ms. */
const turnRows = 500;
const turnFrames = 16;

export const emptyBatch = (): Batch => ({ taken: [], refused: [], letters: [], rows: 0 });

export const isFull = (batch: Batch): boolean =>
  batch.rows >= batchRowsMax || batch.taken.length + batch.refused.length >= batchFramesMax;

export type FillOptions = {
  directory: Directory;
  queue: Outlet<IngestMessage>;
  now: () => number;
  mayKeep: LetterBudget;
  refused: (code: string) => void;
};

const decodeInto = (
  batch: Batch,
  message: IngestMessage,
  devices: FoundDevices,
  options: FillOptions,
): void => {
  const receivedAt = options.now();
  const frame = decodeFrame(message, devices, receivedAt);
  if (frame.kind === 'frame') {
    batch.taken.push({ message, subject: message.subject, frame });
    batch.rows += frame.extent.ends.length;
    return;
  }
  options.refused(frame.code);
  batch.refused.push(message);
  if (options.mayKeep(message.subject, receivedAt)) {
    batch.letters.push(letterOfFrame(message, frame, receivedAt));
  }
};

export const fillBatch = async (
  batch: Batch,
  options: FillOptions,
  retrying: Retrying,
): Promise<void> => {
  while (options.queue.size() > 0 && !isFull(batch)) {
    const messages = options.queue.take(turnFrames);
    const devices = messages.map(({ subject }) => parseDeviceSubject(subject)?.device ?? '');
    const found = await retrying(() => options.directory.find(devices));
    if (found.kind === 'stopped') {
      for (const message of messages) message.nak();
      return;
    }
    let rowsAtTurn = batch.rows;
    for (const message of messages) {
      decodeInto(batch, message, found.value, options);
      if (batch.rows - rowsAtTurn < turnRows) continue;
      rowsAtTurn = batch.rows;
      await nextTurn();
    }
    await nextTurn();
  }
};
