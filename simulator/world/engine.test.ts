/** The engine of simulations runs the suite of the real ones, as far as it models them. */
import {
  type CommonSite,
  commonEngineSuite,
} from '@signalbeam/edge/containers/engine-common.suite';
import { type ContainerSpec, labels } from '@signalbeam/edge/core/container';
import { createKernel } from '../kernel/kernel.ts';
import { createProcess } from '../kernel/process.ts';
import { createEngine } from './engine.ts';
import { createHost } from './host.ts';

const deviceId = 'simulated';
const referenceOf = (name: string, digit: string): string =>
  `127.0.0.1:5000/${name}@sha256:${digit.repeat(64)}`;

const openSite = async (): Promise<CommonSite> => {
  const kernel = createKernel(1, { keepTrace: false });
  let open = true;
  // Time goes on by itself, as it does for a real engine: nobody waits for a call to be made.
  const running = (async () => {
    while (open) await kernel.run(kernel.now() + 1_000, () => !open);
  })();
  const engine = createEngine({
    kernel,
    host: createHost(kernel.now),
    process: createProcess(kernel),
    watch: { acting: () => undefined, removingImage: () => undefined },
    effect: () => undefined,
    served: (reference) => !reference.includes('nothing'),
  });
  const pull = async (reference: string) => ({
    reference,
    ...(await engine.pull(reference, { tlsVerify: false })),
  });
  const base = await pull(referenceOf('base', 'a'));
  const specOf = (name: string, change: Partial<ContainerSpec> = {}): ContainerSpec => ({
    ...{ name: `${deviceId}-${name}`, image: base.reference, entrypoint: [], command: [] },
    ...{ environment: {}, ports: [], mounts: [], restart: 'no', resources: {} },
    ...change,
    labels: { [labels.device]: deviceId, ...change.labels },
  });
  const create = async (name: string, change?: Partial<ContainerSpec>): Promise<string> =>
    (await engine.create(specOf(name, change))).id;
  return {
    ...{ engine, deviceId, base, specOf, create, owners: new Set() },
    start: async (name, change) => {
      const id = await create(name, change);
      await engine.start(id);
      return id;
    },
    see: async (id) => {
      const found = (await engine.list(deviceId)).find((container) => container.id === id);
      if (found === undefined) throw new Error(`container ${id} is not listed`);
      return found;
    },
    fetch: (name) => pull(referenceOf(name, 'b')),
    nowhere: () => referenceOf('nothing', '0'),
    freePort: async () => 8_080,
    close: async () => {
      open = false;
      await running;
    },
  };
};

commonEngineSuite('simulated', openSite);
