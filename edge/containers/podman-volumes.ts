/**
 * Named volumes on Podman, by the same rule as on Docker: only one with our device label is ours.
 */
import { z } from 'zod';
import { labels } from '../core/container.ts';
import type { StoredVolume } from './engine.ts';
import type { LibpodCalls } from './podman-calls.ts';
import { parseReply } from './reply.ts';
import { notOurVolume } from './volume-owner.ts';

const volumeSchema = z.object({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
});

const toVolume = (volume: z.infer<typeof volumeSchema>): StoredVolume => ({
  name: volume.Name,
  labels: volume.Labels ?? {},
});

const findVolume = async ({ call }: LibpodCalls, name: string): Promise<StoredVolume | null> => {
  const what = `inspect volume ${name}`;
  const path = `/volumes/${encodeURIComponent(name)}/json`;
  const { status, body } = await call({ what, path, expect: [404] });
  return status === 404 ? null : toVolume(parseReply(volumeSchema, body, what));
};

export const ensurePodmanVolume = async (
  calls: LibpodCalls,
  name: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> => {
  const before = await findVolume(calls, name);
  if (before && before.labels[labels.device] !== wanted[labels.device]) throw notOurVolume(name);
  if (before) return;
  await calls.call({
    what: `create volume ${name}`,
    method: 'POST',
    path: '/volumes/create',
    // 4.x reads `Label`, 5.x `Labels`; each ignores the other.
    body: { Name: name, Label: wanted, Labels: wanted },
  });
};

export const removePodmanVolume = async (
  calls: LibpodCalls,
  name: string,
  deviceId: string,
): Promise<void> => {
  const before = await findVolume(calls, name);
  if (!before) return;
  if (before.labels[labels.device] !== deviceId) throw notOurVolume(name);
  await calls.call({
    what: `remove volume ${name}`,
    method: 'DELETE',
    path: `/volumes/${encodeURIComponent(name)}`,
    expect: [404],
  });
};

export const listPodmanVolumes = async (
  { call }: LibpodCalls,
  deviceId: string,
): Promise<StoredVolume[]> => {
  const what = 'list volumes';
  const filters = JSON.stringify({ label: [`${labels.device}=${deviceId}`] });
  const { body } = await call({ what, path: '/volumes/json', query: { filters } });
  return (parseReply(z.array(volumeSchema).nullable(), body, what) ?? []).map(toVolume);
};
