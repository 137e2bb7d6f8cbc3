/**
 * Makes the demo over the REST API, step by step and only what is missing: three registered and
 * approved devices, an uploaded image, a bundle and its first rollout. Once complete it is never
 * repeated, so what a person deleted stays deleted.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { workDir } from '../places.ts';
import { buildSampleImage, samplePort } from '../rig/sample.ts';
import { type AgentName, agentNames, registerAgent } from '../supervisor/agents.ts';
import { readPrivate, writePrivate } from '../supervisor/run-state.ts';
import type { Environment } from '../supervisor/stack.ts';
import type { Api } from './api.ts';

export const demoSite = 'demo-site';
export const demoBundle = { name: 'hello', version: '1.0.0' };

const progressSchema = z.strictObject({ complete: z.boolean() });
const progressFile = join(workDir, 'demo.json');
export const isDemoComplete = () => readPrivate(progressFile, progressSchema)?.complete === true;
export const markDemoComplete = () => writePrivate(progressFile, { complete: true });

const nothing = z.unknown();
const deviceSchema = z.object({
  id: z.string(),
  name: z.string(),
  registrationStatus: z.enum(['pending', 'approved', 'rejected']),
});
type Device = z.infer<typeof deviceSchema>;

const listDevices = async (api: Api): Promise<Device[]> => {
  const { devices } = await api.call(
    'GET',
    `/api/devices?site=${demoSite}&limit=100`,
    z.object({ devices: z.array(deviceSchema) }),
  );
  return devices.filter(({ name }) => agentNames.some((agent) => agent === name));
};

export const enrolAgents = async (
  api: Api,
  options: { url: string; env: Environment; say: (phase: string) => void },
): Promise<void> => {
  const known = new Set((await listDevices(api)).map(({ name }) => name));
  const missing = agentNames.filter((name) => !known.has(name));
  if (missing.length > 0) {
    options.say(`Registering ${missing.join(', ')}`);
    await registerAll(api, missing, options);
  }
  const pending = (await listDevices(api)).filter(
    ({ registrationStatus }) => registrationStatus === 'pending',
  );
  if (pending.length > 0) options.say(`Approving ${pending.map(({ name }) => name).join(', ')}`);
  for (const { id } of pending) {
    await api.call('POST', `/api/devices/${id}/approve`, nothing, { json: {} });
  }
};

const registerAll = async (
  api: Api,
  names: readonly AgentName[],
  { url, env }: { url: string; env: Environment },
) => {
  const { id, token } = await api.call(
    'POST',
    '/api/registration-tokens',
    z.object({ id: z.string(), token: z.string() }),
    {
      json: {
        description: 'Demo site',
        site: demoSite,
        maxUses: names.length,
        validityDays: 1,
        autoApprove: false,
      },
    },
  );
  try {
    for (const name of names) await registerAgent(name, { url, token, env });
  } finally {
    await api.call('DELETE', `/api/registration-tokens/${id}`, nothing);
  }
};

/** No published port: three agents share one engine, and one port of the host serves one. */
const helloContainer = (image: string) => ({
  name: 'hello',
  image,
  environment: { LOG_EVERY_SECONDS: '10' },
  restart: 'unless-stopped',
  memoryBytes: 32 * 1024 * 1024,
  healthCheck: {
    intervalMs: 2_000,
    timeoutMs: 2_000,
    startPeriodMs: 5_000,
    soakMs: 1_000,
    probe: {
      kind: 'exec',
      command: ['wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${samplePort}/`],
    },
  },
});

const namedSchema = z.object({ id: z.string(), name: z.string() });

/** Whether the list comes bare or under its name. */
const listOf = <T>(key: string, schema: z.ZodType<T>) =>
  z.union([z.array(schema), z.object({ [key]: z.array(schema) }).transform((value) => value[key])]);

const ensureBundle = async (api: Api): Promise<string> => {
  const bundles = (await api.call('GET', '/api/bundles', listOf('bundles', namedSchema))) ?? [];
  const known = bundles.find(({ name }) => name === demoBundle.name);
  if (known !== undefined) return known.id;
  const { id } = await api.call('POST', '/api/bundles', z.object({ id: z.string() }), {
    json: { name: demoBundle.name, description: 'A page and a log line, to see a rollout with.' },
  });
  return id;
};

export const publishHello = async (api: Api): Promise<{ bundleId: string }> => {
  const bundleId = await ensureBundle(api);
  const versions = await api.call(
    'GET',
    `/api/bundles/${bundleId}/versions`,
    listOf('versions', z.object({ version: z.string() })),
  );
  if (versions?.some(({ version }) => version === demoBundle.version) === true) return { bundleId };
  const image = buildSampleImage({ version: demoBundle.version });
  const { images } = await api.call(
    'POST',
    `/api/artifacts?name=${demoBundle.name}`,
    z.object({ images: z.array(z.object({ reference: z.string() })).min(1) }),
    { bytes: image.tar, type: 'application/x-tar' },
  );
  await api.call('POST', `/api/bundles/${bundleId}/versions`, nothing, {
    json: {
      version: demoBundle.version,
      containers: [helloContainer(images[0]?.reference ?? '')],
      releaseNotes: 'The first version.',
    },
  });
  return { bundleId };
};

const rolloutSchema = z.object({
  id: z.string(),
  status: z.string(),
  waiting: z.string().nullish(),
});

/** Starts the rollout and watches it for a while; what it waits for is said in its own words. */
export const rollOutHello = async (
  api: Api,
  bundleId: string,
  options: { say: (phase: string) => void; timeoutMs: number },
): Promise<string> => {
  const devices = (await listDevices(api)).filter(
    ({ registrationStatus }) => registrationStatus === 'approved',
  );
  if (devices.length === 0)
    throw new FleetError('no-devices', 'No device of the demo is approved.');
  options.say(`Rolling out ${demoBundle.name} ${demoBundle.version}`);
  const { id } = await api.call('POST', '/api/rollouts', z.object({ id: z.string() }), {
    json: { bundleId, version: demoBundle.version, deviceIds: devices.map((device) => device.id) },
  });
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const { status, waiting } = await api.call('GET', `/api/rollouts/${id}`, rolloutSchema);
    if (status !== 'in-progress' || performance.now() > deadline) return status;
    options.say(`Rolling out ${demoBundle.name} ${demoBundle.version}: ${waiting ?? status}`);
    await sleep(500);
  }
};
