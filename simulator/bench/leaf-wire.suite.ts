/**
 * Reads along on a leaf link and says what its bytes are for: NATS's own text protocol, message by
 * message, each counted whole (its line, its body, the line ends) under what it carries. It changes
 * nothing and keeps nothing but sums.
 */
import type { ProxyListener } from '@signalbeam/launcher/infra/proxy';

export const purposes = [
  'heartbeat',
  'frames',
  'receipts',
  'acknowledgements',
  'records',
  'hello',
  'pokes',
  'keepalive',
  'interest',
  'sign-in',
  'other',
] as const;
export type Purpose = (typeof purposes)[number];
export type WireCounts = Record<Purpose, { bytes: number; messages: number }>;

/** Replies are told apart by their question, which crossed in the other direction before. */
const purposeOf = (subject: string): Purpose => {
  if (subject.startsWith('signalbeam.devices.heartbeat.')) return 'heartbeat';
  if (/^signalbeam\.(?:devices|telemetry)\./.test(subject)) return 'frames';
  if (subject.startsWith('signalbeam.record.')) return 'records';
  if (subject.startsWith('signalbeam.hello.')) return 'hello';
  if (/^signalbeam\.down\..*\.ack$/.test(subject)) return 'acknowledgements';
  if (subject.startsWith('signalbeam.down.')) return 'pokes';
  return 'other';
};

const protocolPurpose = (verb: string): Purpose => {
  if (verb === 'PING' || verb === 'PONG') return 'keepalive';
  if (verb === 'LS+' || verb === 'LS-') return 'interest';
  return verb === 'INFO' || verb === 'CONNECT' ? 'sign-in' : 'other';
};

const isMessage = (verb: string): boolean => verb === 'LMSG' || verb === 'HMSG';
const lineEnd = Buffer.from('\r\n');

export const countLeafWire = (): { listener: ProxyListener; counts: () => WireCounts } => {
  const counts = Object.fromEntries(
    purposes.map((purpose) => [purpose, { bytes: 0, messages: 0 }]),
  ) as WireCounts;
  const rests = new WeakMap<object, { up: Buffer; down: Buffer }>();
  const questions = new Map<string, Purpose>();

  const note = (purpose: Purpose, bytes: number): void => {
    counts[purpose].bytes += bytes;
    counts[purpose].messages += 1;
  };
  const purposeOfMessage = (words: readonly string[], hasHeaders: boolean): Purpose => {
    const [, subject = ''] = words;
    const asked = questions.get(subject);
    if (asked !== undefined) {
      questions.delete(subject);
      return asked === 'frames' ? 'receipts' : asked;
    }
    const purpose = purposeOf(subject);
    const reply = words.length > (hasHeaders ? 4 : 3) ? words[2] : undefined;
    if (reply !== undefined) questions.set(reply, purpose);
    return purpose;
  };
  /** What is left over waits for its rest. */
  const read = (waiting: Buffer): Buffer => {
    let at = 0;
    for (;;) {
      const end = waiting.indexOf(lineEnd, at);
      if (end === -1) return waiting.subarray(at);
      const words = waiting.toString('latin1', at, end).trim().split(/\s+/);
      const verb = words[0] ?? '';
      if (!isMessage(verb)) {
        note(protocolPurpose(verb), end + 2 - at);
        at = end + 2;
        continue;
      }
      const next = end + 2 + Number(words.at(-1)) + 2;
      if (next > waiting.byteLength) return waiting.subarray(at);
      note(purposeOfMessage(words, verb === 'HMSG'), next - at);
      at = next;
    }
  };
  return {
    listener: (direction, chunk, connection) => {
      const rest = rests.get(connection) ?? { up: Buffer.alloc(0), down: Buffer.alloc(0) };
      rest[direction] = Buffer.from(read(Buffer.concat([rest[direction], chunk])));
      rests.set(connection, rest);
    },
    counts: () => structuredClone(counts),
  };
};
