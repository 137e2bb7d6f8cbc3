/** `signalbeam generate`: the files that are made from the API's OpenAPI document, which are committed. */
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';
import { runTool } from './run.ts';
import { parseFlags } from './usage.ts';

export const generate = async (args: readonly string[]): Promise<number> => {
  parseFlags('generate', args, {});
  const program = join(repositoryDir, 'cloud/generate-client.ts');
  return (await runTool(process.execPath, [program])).code;
};
