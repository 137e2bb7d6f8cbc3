/**
 * The first lines of the bundle. The agent wants V8 small (no optimising compilers: its heavy work
 * is native code), but any such flag on the command line makes V8 refuse the code that Node has
 * compiled of its own modules, and they are parsed anew: 25 ms and 2 MB. So those modules are
 * loaded first, then the flags are set, then the agent is loaded; what is compiled of it is kept
 * beside the bundle. From the sources `cli.ts` runs without any of this.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const loadedFirst = ['crypto', 'fs/promises', 'http', 'https', 'child_process', 'zlib', 'dgram'];
for (const name of loadedFirst) process.getBuiltinModule(`node:${name}`);

/** TurboFan, Maglev and Sparkplug are 10 MB; code that nobody runs is dropped at the next collection. */
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--bytecode-old-age=1'])
  setFlagsFromString(flag);

/** Unless NODE_COMPILE_CACHE names another folder; one that can't be written is done without. */
enableCompileCache(join(import.meta.dirname, 'cache'));

void import('./cli.ts');
