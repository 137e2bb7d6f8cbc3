/** `signalbeam generate`: what is made from the API's OpenAPI document and from the code's tables, and committed. */
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';
import { runTool } from './run.ts';
import { parseFlags } from './usage.ts';

export const generate = async (args: readonly string[]): Promise<number> => {
  parseFlags('generate', args, {});
  for (const program of ['cloud/generate-client.ts', 'cloud/generate-tables.ts']) {
    const { code } = await runTool(process.execPath, [join(repositoryDir, program)]);
    if (code !== 0) return code;
  }
  return 0;
};
