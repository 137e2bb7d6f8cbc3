/**
 * Removes the demo's containers from an engine when asked to: those, and only those, that bear
 * the id of one of the demo's devices. Both engines speak Docker's API for this.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { unixHttp } from '../infra/unix-http.ts';
import { agentNames, stateDirOf } from '../supervisor/agents.ts';

const deviceLabel = 'io.signalbeam.device';
const enrolmentSchema = z.object({ deviceId: z.uuid() });
const listSchema = z.array(z.object({ Id: z.string().regex(/^[0-9a-f]{12,64}$/) }));

/** Ids of devices as their enrolments name them; an agent that never enrolled has no containers. */
export const demoDeviceIds = (): string[] =>
  agentNames.flatMap((name) => {
    const file = join(stateDirOf(name), 'enrolment.json');
    if (!existsSync(file)) return [];
    const parsed = enrolmentSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? [parsed.data.deviceId] : [];
  });

export const removeContainers = async (
  socketPath: string,
  deviceIds: readonly string[],
): Promise<number> => {
  let removed = 0;
  for (const id of deviceIds) {
    const filters = encodeURIComponent(JSON.stringify({ label: [`${deviceLabel}=${id}`] }));
    const path = `/v1.40/containers/json?all=true&filters=${filters}`;
    const { status, body } = await unixHttp(socketPath, 'GET', path);
    if (status !== 200) {
      throw new FleetError('engine-refused', `The engine at ${socketPath} answered ${status}.`);
    }
    for (const { Id } of listSchema.parse(JSON.parse(body))) {
      await unixHttp(socketPath, 'DELETE', `/v1.40/containers/${Id}?force=true`, {
        timeoutMs: 30_000,
      });
      removed += 1;
    }
  }
  return removed;
};
