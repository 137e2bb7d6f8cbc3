/** What the leaf says of its own link to the hub, on its monitoring endpoint. */
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { httpAsk } from './http-ask.ts';

const timeoutMs = 2_000;
const answerBytesMax = 256 * 1024;
const leafz = z.object({ leafnodes: z.int().min(0) });

/** `silent`: it runs and says nothing, as a stuck one does; it can't be relied on. */
export type LeafHealth = 'linked' | 'cut' | 'silent';

export const askLeaf = async (monitorPort: number): Promise<LeafHealth> => {
  try {
    const url = new URL(`http://127.0.0.1:${monitorPort}/leafz`);
    const { body } = await httpAsk(url, { signal: AbortSignal.timeout(timeoutMs) });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body ?? []) chunks.push(chunk);
    const answer = parseJson(Buffer.concat(chunks), leafz, answerBytesMax);
    if (answer.kind === 'refused') return 'silent';
    return answer.value.leafnodes > 0 ? 'linked' : 'cut';
  } catch {
    return 'silent';
  }
};
