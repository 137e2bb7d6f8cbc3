/** What the leaf says of its own link to the hub, on its monitoring endpoint. */
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

const timeoutMs = 2_000;
const answerBytesMax = 256 * 1024;
const leafz = z.object({ leafnodes: z.int().min(0) });

/** False when it does not answer: a leaf that can't say so can't be relied on. */
export const isHubConnected = async (monitorPort: number): Promise<boolean> => {
  try {
    const reply = await fetch(`http://127.0.0.1:${monitorPort}/leafz`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = parseJson(await reply.text(), leafz, answerBytesMax);
    return answer.kind === 'parsed' && answer.value.leafnodes > 0;
  } catch {
    return false;
  }
};
