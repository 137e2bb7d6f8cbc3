/**
 * `signalbeam sim`: hands its flags to the simulator, which is a process of its own because nothing
 * depends on it.
 */
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';
import { runTool } from './run.ts';

export const sim = async (args: readonly string[]): Promise<number> =>
  (await runTool(process.execPath, [join(repositoryDir, 'simulator/main.ts'), ...args])).code;
