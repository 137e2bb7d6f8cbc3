/**
 * Where things lie in this checkout. All that the launcher writes is below `.signalbeam/`.
 */
import { join } from 'node:path';

export const repositoryDir = join(import.meta.dirname, '..');
export const workDir = join(repositoryDir, '.signalbeam');
export const logDir = join(workDir, 'log');
export const installLog = join(logDir, 'install.log');
