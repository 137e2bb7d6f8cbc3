/**
 * A rig that already runs, as written in a file: several test runs share it. It is used only if
 * each of its servers answers, so a stale file after a crash does no harm.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { answersTcp } from '../infra/ports.ts';
import { answersHttp } from '../infra/unix-http.ts';
import { repositoryDir } from '../places.ts';
import { type Provided, providedSchema } from './provided.ts';

export const rigFile = join(repositoryDir, '.signalbeam/rig.json');

const rigFileSchema = z.strictObject({
  pid: z.int(),
  dir: z.string(),
  provided: providedSchema,
});

export type RunningRig = z.infer<typeof rigFileSchema>;

const answersUrl = (url: string) => {
  const { port, hostname } = new URL(url);
  return answersTcp(Number(port), hostname);
};

const answers = async (provided: Provided): Promise<boolean> => {
  const azurite = /BlobEndpoint=([^;]+)/.exec(provided.azuriteConnection)?.[1] ?? '';
  const answered = await Promise.all([
    answersUrl(provided.postgresUrl),
    answersUrl(provided.redisUrl),
    answersUrl(provided.registryUrl),
    answersUrl(azurite),
    answersHttp(provided.dockerSocket, '/_ping'),
    answersHttp(provided.podmanSocket, '/v4.0.0/libpod/_ping'),
  ]);
  return answered.every(Boolean);
};

export const readRigFile = (file = rigFile): RunningRig | undefined => {
  try {
    return rigFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

/** The named rig must answer; without a name, the usual file is used if its rig does. */
export const findRunningRig = async (named: string | undefined): Promise<Provided | undefined> => {
  const rig = readRigFile(named);
  if (rig !== undefined && (await answers(rig.provided))) return rig.provided;
  if (named === undefined) return undefined;
  throw new FleetError('rig-does-not-answer', `The rig of ${named} does not answer.`, {
    next: 'Unset SIGNALBEAM_RIG, or start one with `node launcher/rig/main.ts start`.',
  });
};
