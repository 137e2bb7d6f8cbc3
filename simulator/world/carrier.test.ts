/** The carrier of simulations, over the broker of simulations, runs the suite of the one over NATS. */
import type { CarrierReply } from '@signalbeam/sync/nats/carrier';
import { type CarrierUnderTest, carrierSuite } from '@signalbeam/sync/nats/carrier.suite';
import { createKernel } from '../kernel/kernel.ts';
import { createProcess } from '../kernel/process.ts';
import { createBroker } from './broker.ts';
import { createCarrier, createPath } from './carrier.ts';

const openSimulated = async (): Promise<CarrierUnderTest> => {
  const kernel = createKernel(1, { keepTrace: false });
  const path = createPath();
  const broker = createBroker(kernel, kernel.random('broker'));
  let open = true;
  let how: 'echo' | 'silence' = 'silence';
  let arrived = (_bytes: Uint8Array): void => undefined;
  const carrier = createCarrier({
    ...{ kernel, path, process: createProcess(kernel), random: kernel.random('carrier') },
    exchange: {
      store: broker.store,
      tell: (_subject, bytes) => arrived(bytes),
      ask: (_subject, bytes, answered: (reply: CarrierReply) => void) => {
        if (how === 'echo') answered({ kind: 'reply', bytes, code: 0 });
      },
    },
    effect: () => undefined,
    redialMs: { first: 500, max: 30_000 },
  });
  // Time goes on by itself, as it does for a real broker.
  const running = (async () => {
    while (open) await kernel.run(kernel.now() + 1_000, () => !open);
  })();
  return {
    carrier,
    subjects: { told: 'told', asked: 'asked', stored: 'stored', heard: 'heard' },
    listening: async () => {
      const next = Promise.withResolvers<Uint8Array>();
      arrived = next.resolve;
      return () => next.promise;
    },
    answering: async (next) => {
      how = next;
    },
    say: (bytes) => carrier.deliver('heard', bytes),
    cut: async () => {
      path.cut = true;
      carrier.pathChanged();
    },
    mend: async () => {
      path.cut = false;
    },
    close: async () => {
      open = false;
      await running;
    },
  };
};

carrierSuite('simulated', openSimulated);
