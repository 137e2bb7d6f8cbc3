/**
 * How every carrier behaves, the one over NATS and the one inside the simulator: it says honestly
 * what became of bytes, dials again by itself, and what is subscribed holds over reconnects.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Carrier, CarrierStatus } from './carrier.ts';

export type CarrierUnderTest = {
  carrier: Carrier;
  /** What this device may publish, ask, store under and hear. */
  subjects: { told: string; asked: string; stored: string; heard: string };
  /** The other end listens once this is done; what it gives waits for what arrives there. */
  listening(): Promise<() => Promise<Uint8Array>>;
  /** What becomes of questions from now on; an echo says the same bytes again. */
  answering(how: 'echo' | 'silence'): Promise<void>;
  /** To the device, from the other end. */
  say(bytes: Uint8Array): void;
  /** The way breaks, and is mended when the other end is ready again. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const patienceMs = 20_000;
const silenceMs = 300;

const untilIs = (carrier: Carrier, wanted: CarrierStatus): Promise<void> =>
  new Promise((resolve) => {
    if (carrier.status() === wanted) return resolve();
    const unlisten = carrier.onStatus((status) => {
      if (status !== wanted) return;
      unlisten();
      resolve();
    });
  });

/** Gives the next text that the device hears there. */
const listen = (carrier: Carrier, subject: string) => {
  const waiting: string[] = [];
  let wake = (): void => undefined;
  const unsubscribe = carrier.subscribe(subject, (bytes) => {
    waiting.push(textOf(bytes));
    wake();
  });
  const next = async (): Promise<string> => {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return waiting.shift() ?? '';
  };
  return { next, unsubscribe };
};

export const carrierSuite = (name: string, open: () => Promise<CarrierUnderTest>): void => {
  describe(`${name}: a carrier`, () => {
    let under: CarrierUnderTest;
    beforeAll(async () => {
      under = await open();
      await untilIs(under.carrier, 'connected');
    });
    afterAll(() => under?.close());

    test('says to whom it is connected', () => {
      expect(under.carrier.server()).toMatch(/:\d+$/);
    });

    test('carries what is published, and what is said to it', async () => {
      const { carrier, subjects } = under;
      const told = await under.listening();
      expect(carrier.publish(subjects.told, bytesOf('beat'))).toBe(true);
      expect(textOf(await told())).toBe('beat');
      const heard = listen(carrier, subjects.heard);
      await under.answering('echo');
      // What was asked after it is answered after it: by then the subscription is known over there.
      await carrier.request(subjects.asked, bytesOf('there?'), patienceMs);
      under.say(bytesOf('poke'));
      expect(await heard.next()).toBe('poke');
      heard.unsubscribe();
    });

    test('brings an answer, and says when none came in time', async () => {
      const { carrier, subjects } = under;
      const ask = (timeoutMs: number) =>
        carrier.request(subjects.asked, bytesOf('who?'), timeoutMs);
      await under.answering('echo');
      const reply = await ask(patienceMs);
      expect(reply).toMatchObject({ kind: 'reply', code: 0 });
      expect(reply.kind === 'reply' && textOf(reply.bytes)).toBe('who?');
      await under.answering('silence');
      expect(await ask(silenceMs)).toEqual({ kind: 'failed', reason: 'timeout' });
    });

    test('says where a stored message stands, in order', async () => {
      const { carrier, subjects } = under;
      const store = (text: string) =>
        carrier.publishDurable(subjects.stored, bytesOf(text), patienceMs);
      const [first, second] = [await store('one'), await store('two')];
      expect(first).toMatchObject({ kind: 'stored', stream: 'UP' });
      expect(second.kind === 'stored' && first.kind === 'stored' && second.seq - first.seq).toBe(1);
    });

    test('goes on hearing after it dialled again', async () => {
      const { carrier, subjects } = under;
      const heard = listen(carrier, subjects.heard);
      const seen: CarrierStatus[] = [];
      const unlisten = carrier.onStatus((status) => void seen.push(status));
      const lost = untilIs(carrier, 'connecting');
      void carrier.reconnect();
      await lost;
      await untilIs(carrier, 'connected');
      unlisten();
      expect(seen).toEqual(['connecting', 'connected']);
      await under.answering('echo');
      await carrier.request(subjects.asked, bytesOf('there?'), patienceMs);
      under.say(bytesOf('again'));
      expect(await heard.next()).toBe('again');
      heard.unsubscribe();
    });

    test('drops what it cannot send, says so, and is back when the way is', async () => {
      const { carrier, subjects } = under;
      const heard = listen(carrier, subjects.heard);
      const lost = untilIs(carrier, 'connecting');
      await under.cut();
      await lost;
      const disconnected = { kind: 'failed', reason: 'disconnected' };
      expect(carrier.server()).toBeNull();
      expect(carrier.publish(subjects.told, bytesOf('stale'))).toBe(false);
      expect(await carrier.request(subjects.asked, bytesOf('?'), patienceMs)).toEqual(disconnected);
      expect(await carrier.publishDurable(subjects.stored, bytesOf('?'), patienceMs)).toEqual(
        disconnected,
      );
      await under.mend();
      await untilIs(carrier, 'connected');
      await under.answering('echo');
      await carrier.request(subjects.asked, bytesOf('there?'), patienceMs);
      under.say(bytesOf('back'));
      expect(await heard.next()).toBe('back');
      heard.unsubscribe();
    });

    test('is closed for good', async () => {
      const { carrier, subjects } = under;
      await carrier.close();
      expect(carrier.status()).toBe('closed');
      expect(carrier.publish(subjects.told, bytesOf('late'))).toBe(false);
      expect(await carrier.request(subjects.asked, bytesOf('?'), silenceMs)).toMatchObject({
        kind: 'failed',
      });
    });
  });
};
