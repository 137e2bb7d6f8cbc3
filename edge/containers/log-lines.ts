/**
 * Frames of a log read with timestamps, turned into lines. An engine cuts a long line into several
 * frames, each with the timestamp again and perhaps in the middle of a character; here they join.
 * A line is kept up to its limit and marked where it was cut, so one line can't eat the memory.
 */
import { StringDecoder } from 'node:string_decoder';
import type { OutputFrame } from './demultiplex.ts';
import type { LogLine } from './engine.ts';

/** More than a person reads and less than a small device's memory. */
export const logTailMax = 2_000;
export const logLineLengthMax = 16 * 1024;

type Partial = { at: number; text: string; decoder: StringDecoder };

/** `push` gives the lines that a frame completes; `end` gives what was left without a newline. */
export const createLineReader = () => {
  const partials: Record<LogLine['stream'], Partial> = { stdout: nothing(), stderr: nothing() };

  const push = ({ stream, bytes }: OutputFrame): LogLine[] => {
    const partial = partials[stream];
    const { at, rest } = splitTimestamp(bytes);
    if (at !== null && partial.text === '') partial.at = at;
    const pieces = partial.decoder.write(rest).split('\n');
    const last = pieces.pop() ?? '';
    const lines = pieces.map((piece) => {
      const line = { at: partial.at, stream, text: cut(partial.text + piece) };
      partial.text = '';
      return line;
    });
    partial.text = cut(partial.text + last);
    return lines;
  };

  const end = (): LogLine[] =>
    (['stdout', 'stderr'] as const)
      .filter((stream) => partials[stream].text !== '')
      .map((stream) => ({ at: partials[stream].at, stream, text: partials[stream].text }));

  return { push, end };
};

const nothing = (): Partial => ({ at: 0, text: '', decoder: new StringDecoder('utf8') });

const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

const splitTimestamp = (bytes: Buffer): { at: number | null; rest: Buffer } => {
  const found = timestamp.exec(bytes.toString('latin1', 0, 40));
  if (!found) return { at: null, rest: bytes };
  return { at: Date.parse(found[1] ?? ''), rest: bytes.subarray(found[0].length) };
};

const cut = (text: string): string => {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line.length > logLineLengthMax ? `${line.slice(0, logLineLengthMax - 1)}…` : line;
};
