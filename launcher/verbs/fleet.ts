/**
 * `signalbeam fleet`: hands its flags to the simulated fleet, which is a process of its own because
 * nothing depends on the simulator. Ctrl-C reaches it too; it leaves in order and ends.
 */
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';
import { runTool } from './run.ts';

export const fleet = async (args: readonly string[]): Promise<number> => {
  const patient = () => undefined;
  process.on('SIGINT', patient);
  try {
    const program = join(repositoryDir, 'simulator/fleet/main.ts');
    // Its figure of memory is taken after what is no longer used was collected.
    return (await runTool(process.execPath, ['--expose-gc', program, ...args])).code;
  } finally {
    process.off('SIGINT', patient);
  }
};
