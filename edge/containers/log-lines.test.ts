/** Frames cut anywhere become the lines the container wrote; what is no frame is refused. */
import { expect, test } from 'vitest';
import { createDemultiplexer, type OutputFrame } from './demultiplex.ts';
import { createLineReader, logLineLengthMax } from './log-lines.ts';

const frame = (stream: 0 | 1 | 2, text: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
};
const at = '2026-01-02T03:04:05.678901234Z';
const time = Date.parse('2026-01-02T03:04:05.678Z');
const read = (chunks: Buffer[]) => {
  const frames = createDemultiplexer();
  const reader = createLineReader();
  return [...chunks.flatMap((chunk) => frames(chunk).flatMap(reader.push)), ...reader.end()];
};

test('gives the same lines however the stream is cut', () => {
  const stream = Buffer.concat([
    frame(1, `${at} first\n`),
    frame(2, `${at} größer\n`),
    frame(1, `${at} \n`),
    frame(1, `${at} last`),
  ]);
  const lines = read([stream]);
  expect(lines).toEqual([
    { at: time, stream: 'stdout', text: 'first' },
    { at: time, stream: 'stderr', text: 'größer' },
    { at: time, stream: 'stdout', text: '' },
    { at: time, stream: 'stdout', text: 'last' },
  ]);
  for (let size = 1; size < 40; size += 1) {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
      stream.subarray(index * size, (index + 1) * size),
    );
    expect(read(pieces)).toEqual(lines);
  }
});

test('joins a line cut in the middle of a character and takes its first time', () => {
  const [head, tail] = [
    Buffer.from('gr\u00fc').subarray(0, 3),
    Buffer.from('\u00fc\n').subarray(1),
  ];
  const later = '2026-01-02T03:04:09Z';
  const chunks = [
    frame(1, Buffer.concat([Buffer.from(`${at} `), head])),
    frame(2, `${at} between\n`),
    frame(1, Buffer.concat([Buffer.from(`${later} `), tail])),
  ];
  expect(read(chunks)).toEqual([
    { at: time, stream: 'stderr', text: 'between' },
    { at: time, stream: 'stdout', text: 'grü' },
  ]);
});

test('reads offsets of a time zone and drops a carriage return', () => {
  expect(read([frame(1, '2026-01-02T04:04:05+01:00 text\r\n')])).toEqual([
    { at: Date.parse('2026-01-02T03:04:05Z'), stream: 'stdout', text: 'text' },
  ]);
});

test('holds a line without end to its limit', () => {
  const reader = createLineReader();
  const endless: OutputFrame = { stream: 'stdout', bytes: Buffer.alloc(10_000, 'x') };
  for (let count = 0; count < 100; count += 1) expect(reader.push(endless)).toEqual([]);
  const [line] = reader.end();
  expect(line?.text.length).toBe(logLineLengthMax);
  expect(line?.text.endsWith('…')).toBe(true);
});

test.each([
  ['text that is no frame', Buffer.from('HTTP/1.1 500 what')],
  ['a stream that does not exist', Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 1])],
  ['a frame of four gigabytes', Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])],
])('refuses %s', (_what, bytes) => {
  expect(() => createDemultiplexer()(bytes)).toThrow(
    expect.objectContaining({ code: 'engine-reply-invalid' }),
  );
});
