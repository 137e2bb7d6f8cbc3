/**
 * A frame that the database refuses by itself, stored but for the rows at fault: those become letters with the
 * database's reason, and gaps, as rows do that are not as described; their lane goes on, for the device is
 * told of them as of all others. What is looked for by halves costs some attempts for each such row; a frame
 * with many gives up the rest at once. What only time heals (./retry.ts) never comes here.
 */
import { unpackFrame } from '@signalbeam/sync/wire/frame';
import pg from 'pg';
import type { Taken } from './batch.ts';
import type { Content, DecodedFrame, SetAside } from './decode.ts';
import type { Retrying } from './retry.ts';
import type { Stored } from './store.ts';

/** Found one by one in one frame; whatever is left then is set aside whole. */
const foundMax = 8;

/**
 * Whether it is the values that are refused, whoever brings them and whenever: what they are, how large, or
 * a constraint that bears a name. A row for which no partition is there names none, and is nobody's fault.
 */
export const isAboutContent = (error: unknown): boolean => {
  if (!(error instanceof pg.DatabaseError)) return false;
  const { code = '', constraint, column } = error;
  if (/^(22|54)/.test(code)) return true;
  return /^23/.test(code) && (constraint !== undefined || column !== undefined);
};

type Samples = Extract<Content, { copy: Buffer }>;

/** The bytes of the lines that stay, and where each starts. */
const samplesOf = (
  { copy, offsets, times }: Samples,
  lines: number,
  isKept: (line: number) => boolean,
): Pick<Samples, 'copy' | 'offsets' | 'times'> => {
  const pieces: Buffer[] = [];
  const starts = [0];
  for (let line = 0; line < lines; line += 1) {
    const piece = copy.subarray(offsets[line], offsets[line + 1]);
    if (isKept(line)) pieces.push(piece);
    starts.push((starts.at(-1) ?? 0) + (isKept(line) ? piece.byteLength : 0));
  }
  return {
    ...{ copy: Buffer.concat(pieces), offsets: starts },
    times: times.slice(0, lines).map((at, line) => (isKept(line) ? at : undefined)),
  };
};

const contentOf = (
  content: Content,
  ends: readonly number[],
  isKept: (line: number) => boolean,
): Content => {
  const kept = <Row>(rows: readonly (Row | undefined)[]) =>
    rows.slice(0, ends.length).map((row, line) => (isKept(line) ? row : undefined));
  switch (content.lane) {
    case 'metrics': {
      const { newest } = content;
      const line = ends.indexOf(newest?.seq ?? -1);
      return {
        ...{ lane: 'metrics', ...samplesOf(content, ends.length, isKept) },
        newest: line >= 0 && isKept(line) ? newest : undefined,
      };
    }
    case 'backfill': {
      const samples = samplesOf(content, ends.length, isKept);
      return { lane: 'backfill', ...samples, thinned: kept(content.thinned) };
    }
    case 'events':
      return { lane: 'events', rows: kept(content.rows) };
    case 'reported':
      return { lane: 'reported', rows: kept(content.rows) };
  }
};

/** Its first lines, without those that are set aside; as a frame it is one that its device could have sent. */
const firstLines = (
  frame: DecodedFrame,
  count: number,
  aside: ReadonlyMap<number, SetAside>,
): DecodedFrame => {
  const ends = frame.extent.ends.slice(0, count);
  const hashes = frame.extent.hashes.slice(0, count);
  const isWithin = ({ line }: { line: number }): boolean => line < count;
  const lastSeq = ends.at(-1) ?? frame.extent.lastSeq;
  return {
    ...frame,
    extent: { ...frame.extent, ends, hashes, lastSeq },
    content: contentOf(frame.content, ends, (line) => !aside.has(line)),
    gaps: frame.gaps.filter(isWithin),
    setAside: [...frame.setAside, ...aside.values()].filter(isWithin),
  };
};

type Attempted = { stored: Stored } | 'stopped' | { refused: unknown };
/** `aside`: how many rows were set aside. */
export type Sifted = { stored: Stored; aside: number } | 'stopped' | { refused: unknown };

/** `store` keeps one frame and says so to its device. */
export const storeWithoutFaults = async (
  taken: Taken,
  store: (taken: Taken) => Promise<Stored>,
  retrying: Retrying,
): Promise<Sifted> => {
  const { frame, message } = taken;
  const unpacked = unpackFrame(message.data, frame.device.publicKey);
  const texts = unpacked.kind === 'unpacked' ? unpacked.frame.lines : [];
  const aside = new Map<number, SetAside>();
  const giveUp = (from: number, to: number, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    for (let line = from; line < to; line += 1) {
      const isRow = !frame.gaps.some((gap) => gap.line === line);
      if (!isRow || frame.setAside.some((row) => row.line === line)) continue;
      const seq = frame.extent.ends[line] ?? 0;
      aside.set(line, { line, seq, reason, text: texts[line] ?? '', code: 'row-not-storable' });
    }
  };
  const attempt = async (to: number): Promise<Attempted> => {
    const part = { ...taken, frame: firstLines(frame, to, aside) };
    try {
      const stored = await retrying(() => store(part));
      return stored.kind === 'done' ? { stored: stored.value } : 'stopped';
    } catch (error) {
      return { refused: error };
    }
  };
  /** Lines before `from` are stored. */
  const sift = async (from: number, to: number): Promise<Attempted> => {
    const whole = await attempt(to);
    if (whole === 'stopped' || 'stored' in whole || !isAboutContent(whole.refused)) return whole;
    if (to - from > 1 && aside.size < foundMax) {
      const middle = from + ((to - from) >> 1);
      const first = await sift(from, middle);
      return first !== 'stopped' && 'stored' in first ? sift(middle, to) : first;
    }
    giveUp(from, to, whole.refused);
    return attempt(to);
  };
  const sifted = await sift(0, frame.extent.ends.length);
  return sifted !== 'stopped' && 'stored' in sifted ? { ...sifted, aside: aside.size } : sifted;
};
