/** Where the container engine is looked for, as the command line and the environment say. */
import type { DetectOptions } from '../containers/detect.ts';
import type { RunEnvironment } from '../main.ts';
import type { RunOptions } from './options.ts';

export const detectionOf = (options: RunOptions, environment: RunEnvironment): DetectOptions => ({
  prefer: options.engine,
  socketPath: options['engine-socket'],
  dockerHost: environment.dockerHost,
  runtimeDirectory: environment.runtimeDirectory,
});
