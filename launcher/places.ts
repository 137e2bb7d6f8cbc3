/**
 * Where things lie. All that the launcher writes is below `.signalbeam/` of the checkout, or below
 * SIGNALBEAM_HOME, so that one checkout can run several demos beside each other.
 */
import { join, resolve } from 'node:path';

export const repositoryDir = join(import.meta.dirname, '..');
const home = process.env['SIGNALBEAM_HOME'] ?? '';
export const workDir = home === '' ? join(repositoryDir, '.signalbeam') : resolve(home);
export const logDir = join(workDir, 'log');
export const installLog = join(logDir, 'install.log');
