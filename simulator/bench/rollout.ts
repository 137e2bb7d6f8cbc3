/**
 * From the operator's call "roll out" to the container running, on a real Docker with the image
 * present: the cloud plans, signs and pokes, the agent verifies, creates the new container, stops
 * the old one and starts the new one. Docker says when it runs. Each rollout changes one variable
 * of the environment, so that every one is an update of a running container.
 */
import { request } from 'node:http';
import { eventually } from '@signalbeam/edge/link/cloud.fixture';
import { buildSampleImage } from '@signalbeam/launcher/rig/sample';
import { loadAverage, quantile, rounded } from './cloud.suite.ts';
import { type BenchDevice, openBenchDevice } from './device.suite.ts';

const startTimeoutMs = 60_000;

/** Resolves the next wait when Docker says that a container has started. */
const watchStarts = (socketPath: string) => {
  let waiting: PromiseWithResolvers<number> | undefined;
  const filters = encodeURIComponent('{"event":["start"],"type":["container"]}');
  const exchange = request({ socketPath, path: `/events?filters=${filters}` }, (reply) => {
    // One event a line; which it is does not matter: there is one device with one container.
    reply.on('data', () => waiting?.resolve(performance.now()));
  });
  exchange.on('error', (cause) => waiting?.reject(cause));
  exchange.end();
  return {
    next: (): Promise<number> => {
      waiting = Promise.withResolvers<number>();
      const late = AbortSignal.timeout(startTimeoutMs);
      late.addEventListener('abort', () => waiting?.reject(new Error('nothing was started')));
      return waiting.promise;
    },
    stop: () => void exchange.off('error', () => undefined).destroy(),
  };
};

const uploadImage = async ({ cloud }: BenchDevice): Promise<string> => {
  const reply = await fetch(`${cloud.url}/api/artifacts?name=hello`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/x-tar' },
    body: new Uint8Array(buildSampleImage({ version: '1.0.0' }).tar),
  });
  if (!reply.ok) throw new Error(await reply.text());
  const { images } = (await reply.json()) as { images: { reference: string }[] };
  return images[0]?.reference ?? '';
};

const publish = async (
  { cloud }: BenchDevice,
  bundleId: string,
  image: string,
  version: string,
): Promise<void> => {
  const environment = { RELEASE: version };
  const containers = [{ name: 'hello', image, environment, restart: 'unless-stopped' }];
  await cloud.ask('POST', `/api/bundles/${bundleId}/versions`, { version, containers });
};

type Timed = { answeredMs: number; runningMs: number; succeededMs: number };

const rollOut = async (
  { cloud }: BenchDevice,
  starts: ReturnType<typeof watchStarts>,
  wish: { bundleId: string; version: string; deviceIds: string[] },
): Promise<Timed> => {
  const running = starts.next();
  const called = performance.now();
  const { id } = (await cloud.ask('POST', '/api/rollouts', wish)) as { id: string };
  const answeredMs = performance.now() - called;
  const runningMs = (await running) - called;
  const look = async () =>
    (await cloud.ask('GET', `/api/rollouts/${id}`)) as { status: string; waiting?: string };
  const { status } = await eventually(look, (rollout) => rollout.status !== 'in-progress');
  if (status !== 'succeeded') throw new Error(`the rollout ended as ${status}`);
  return { answeredMs, runningMs, succeededMs: performance.now() - called };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const rollouts = smoke ? 1 : 20;
  const device = await openBenchDevice();
  const agent = await device.startAgent();
  const starts = watchStarts(device.docker.socketPath);
  try {
    const { devices } = (await device.cloud.ask('GET', '/api/devices')) as {
      devices: { id: string }[];
    };
    const deviceIds = devices.map(({ id }) => id);
    const image = await uploadImage(device);
    const { id } = (await device.cloud.ask('POST', '/api/bundles', { name: 'hello' })) as {
      id: string;
    };
    const timed: Timed[] = [];
    let firstMs = Number.NaN;
    for (let number = 0; number <= rollouts; number += 1) {
      const version = `1.${number}.0`;
      await publish(device, id, image, version);
      const each = await rollOut(device, starts, { bundleId: id, version, deviceIds });
      // The first also fetches the image: that is another figure.
      if (number === 0) firstMs = each.runningMs;
      else timed.push(each);
    }
    const at = (name: keyof Timed, share: number): number =>
      rounded(
        quantile(
          timed.map((each) => each[name]),
          share,
        ),
      );
    return {
      name: 'rollout',
      figures: {
        rollouts,
        answerP50Ms: at('answeredMs', 0.5),
        runningP50Ms: at('runningMs', 0.5),
        runningP95Ms: at('runningMs', 0.95),
        runningMaxMs: at('runningMs', 1),
        succeededP50Ms: at('succeededMs', 0.5),
        firstWithImageFetchedMs: rounded(firstMs),
        machineLoad: loadAverage(),
      },
    };
  } finally {
    starts.stop();
    await agent.child.stop();
    await device.stop();
  }
};
