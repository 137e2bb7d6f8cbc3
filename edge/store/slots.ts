/**
 * Rows of one lane in slots: each commit fills one, a page that is overwritten where it lies. A table
 * that grows and shrinks costs a commit the page of its end, the ones beside it when that is full, their
 * parent and the list of free pages: four times as much flash.
 * Invariants: what slots hold continues the lane where its head in `lanes` ends, in the same epoch;
 * anything else in them is over and is not read. It knows neither frames nor gaps: `fresh-lane.ts`.
 */
import { extendChain } from '@signalbeam/sync/wire/chain';
import type { Database } from 'better-sqlite3';
import type { LaneRow } from './lane-statements.ts';
import { packLine, unpackLine } from './packed-line.ts';

/** As the lane's row in `lanes` has it. */
export type StoredHead = { epoch: string; lastSeq: number; lastHash: string };
export type SlotRow = LaneRow & { packedBytes: number };

/** With the head of its row it takes more than half of a page of 1 KiB: no two slots share one. */
const slotBytes = 960;
/** Samples wait a quarter of an hour for their frame, and some minutes more for its confirmation. */
export const slotCount = 24;
const lengthBytes = 2;
const epochBytes = 8;

export const slotsTable = `
  CREATE TABLE fresh_rows (
    slot    INTEGER PRIMARY KEY,
    content BLOB NOT NULL
  ) STRICT;`;

export type Slots = ReturnType<typeof openSlots>;

export const openSlots = (database: Database, storedHead: () => StoredHead) => {
  makeSlots(database);
  const update = database.prepare('UPDATE fresh_rows SET content = @content WHERE slot = @slot');
  const select = database.prepare('SELECT content FROM fresh_rows ORDER BY slot').pluck();
  let known: SlotRow[][] | null = null;
  const slots = (): SlotRow[][] => {
    known ??= readSlots(select.all() as Buffer[], storedHead());
    return known;
  };
  return {
    /** In the order of their numbers. */
    rows: (): SlotRow[] => inOrder(slots()),
    /** False when no slot is free or the rows don't fit one: nothing was written. */
    put: (rows: readonly LaneRow[]): boolean => {
      const lines = rows.map(({ line }) => packLine(line));
      const content = contentOf(storedHead().epoch, lines);
      const slot = slots().findIndex((held) => held.length === 0);
      if (content === null || slot === -1) return false;
      update.run({ slot, content });
      slots()[slot] = rows.map((row, at) => ({ ...row, packedBytes: lines[at]?.length ?? 0 }));
      return true;
    },
    /** The lane's stored head has moved: rows up to there are over. */
    dropUpTo: (seq: number): void => {
      known = slots().map((held) => held.filter((row) => row.seq > seq));
    },
    /** What is known was rolled back, or may be: the disk is read again. */
    forget: (): void => {
      known = null;
    },
  };
};

const inOrder = (slots: readonly SlotRow[][]): SlotRow[] =>
  slots.flat().sort((a, b) => a.seq - b.seq);

/** For who only reads the file, whichever agent wrote it. */
export const readSlotRows = (database: Database, head: StoredHead): SlotRow[] => {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'fresh_rows'").get();
  if (table === undefined) return [];
  const contents = database.prepare('SELECT content FROM fresh_rows ORDER BY slot').pluck().all();
  return inOrder(readSlots(contents as Buffer[], head));
};

const makeSlots = (database: Database): void => {
  const count = database.prepare('SELECT count(*) FROM fresh_rows').pluck().get();
  if (count === slotCount) return;
  const insert = database.prepare('INSERT OR IGNORE INTO fresh_rows VALUES (?, zeroblob(?))');
  database.transaction(() => {
    for (let slot = 0; slot < slotCount; slot += 1) insert.run(slot, slotBytes);
  })();
};

/** Epoch, then each line after its length; a length of 0 ends them. */
const contentOf = (epoch: string, lines: readonly Buffer[]): Buffer | null => {
  const content = Buffer.alloc(slotBytes);
  let at = content.write(epoch, 'hex');
  for (const line of lines) {
    if (at + lengthBytes + line.length + lengthBytes > slotBytes) return null;
    at = content.writeUInt16BE(line.length, at);
    at += line.copy(content, at);
  }
  return content;
};

const linesIn = (content: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let at = epochBytes; ; ) {
    const start = at + lengthBytes;
    const end = start + content.readUInt16BE(at);
    if (end === start) return lines;
    lines.push(content.subarray(start, end));
    at = end;
  }
};

const readSlots = (contents: readonly Buffer[], head: StoredHead): SlotRow[][] => {
  const slots: SlotRow[][] = contents.map(() => []);
  const found = contents.flatMap((content, slot) =>
    content.toString('hex', 0, epochBytes) === head.epoch
      ? readable(content).map((line) => ({ ...line, slot }))
      : [],
  );
  let { lastSeq, lastHash } = head;
  for (const { slot, seq, ...row } of found.sort((a, b) => a.seq - b.seq)) {
    if (seq !== lastSeq + 1) continue;
    lastHash = extendChain(lastHash, row.line);
    lastSeq = seq;
    slots[slot]?.push({ ...row, seq, firstSeq: seq, hash: lastHash });
  }
  return slots;
};

/** Damaged bytes are no reason not to start: what they held is lost, as the cloud is told by the greeting. */
const readable = (content: Buffer) => {
  try {
    return linesIn(content).map((packed) => {
      const line = unpackLine(packed);
      const { seq, at } = JSON.parse(line) as { seq: number; at: number };
      return { seq, at, line, packedBytes: packed.length };
    });
  } catch {
    return [];
  }
};
