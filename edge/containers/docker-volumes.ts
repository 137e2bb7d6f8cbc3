/**
 * Named volumes on Docker. One is only ours if it bears our device label: the agent never mounts
 * or removes a stranger's volume that happens to have the wanted name.
 */
import { z } from 'zod';
import { labels } from '../core/container.ts';
import { type DockerCalls, statusOf } from './docker-calls.ts';
import type { StoredVolume } from './engine.ts';
import { parseReply } from './reply.ts';
import { notOurVolume } from './volume-owner.ts';

const volumeSchema = z.object({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
});
const volumesSchema = z.object({ Volumes: z.array(volumeSchema).nullish() });

const findVolume = async (
  { docker, call }: DockerCalls,
  name: string,
): Promise<StoredVolume | null> => {
  const what = `inspect volume ${name}`;
  const reply = await call(what, async (abortSignal) => {
    try {
      return await docker.getVolume(name).inspect({ abortSignal });
    } catch (cause) {
      if (statusOf(cause) === 404) return null;
      throw cause;
    }
  });
  if (reply === null) return null;
  const volume = parseReply(volumeSchema, reply, what);
  return { name: volume.Name, labels: volume.Labels ?? {} };
};

export const ensureDockerVolume = async (
  calls: DockerCalls,
  name: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> => {
  const before = await findVolume(calls, name);
  if (before && before.labels[labels.device] !== wanted[labels.device]) throw notOurVolume(name);
  if (before) return;
  await calls.call(`create volume ${name}`, (abortSignal) =>
    calls.docker.createVolume({ Name: name, Labels: { ...wanted }, abortSignal }),
  );
};

export const removeDockerVolume = async (
  calls: DockerCalls,
  name: string,
  deviceId: string,
): Promise<void> => {
  const before = await findVolume(calls, name);
  if (!before) return;
  if (before.labels[labels.device] !== deviceId) throw notOurVolume(name);
  await calls.call(`remove volume ${name}`, (abortSignal) =>
    calls.docker.getVolume(name).remove({ abortSignal }),
  );
};

export const listDockerVolumes = async (
  { docker, call }: DockerCalls,
  deviceId: string,
): Promise<StoredVolume[]> => {
  const filters = { label: [`${labels.device}=${deviceId}`] };
  const reply = await call('list volumes', (abortSignal) =>
    docker.listVolumes({ filters, abortSignal }),
  );
  const { Volumes: volumes } = parseReply(volumesSchema, reply, 'list volumes');
  return (volumes ?? []).map((volume) => ({ name: volume.Name, labels: volume.Labels ?? {} }));
};
