/**
 * The agent as it is shipped: its own code and its libraries in few files, so that it starts fast
 * and holds little memory. What is loaded on demand stays apart: a device with Podman never reads
 * dockerode, an agent that waits for approval reads neither. The native module stays outside.
 *
 * CommonJS, because an ES module that imports `node:http` makes Node read every name that module
 * has, and one of them loads all of undici: 60 ms and 11 MB for an agent that never calls it.
 */
import { defineConfig, type Plugin } from 'vite';

/** Dockerode's ways to build images and to reach hosts by SSH; undici's to send HTML forms. */
const unused = [
  /^@grpc\/(grpc-js|proto-loader)$/,
  /^(protobufjs|ssh2|tar-fs|@balena\/dockerignore)$/,
  /^\.\.\/web\/(fetch\/body\.js|fetch\/formdata|webidl)$/,
];

/**
 * Libraries whose front door loads rooms that no agent enters (undici's fetch, caches and mocks,
 * systeminformation's printers and graphics): the same files of the same packages, by their side
 * doors. Whoever imports a name that is not listed gets a failing build, not a missing function.
 */
const sideDoors: Readonly<Record<string, string>> = {
  undici: `
    import Agent from 'undici/lib/dispatcher/agent.js';
    import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
    import api from 'undici/lib/api/index.js';
    Object.assign(Dispatcher.prototype, api);
    export { Agent };`,
  systeminformation: `
    export { cpuTemperature, currentLoad } from 'systeminformation/lib/cpu.js';
    export { fsSize } from 'systeminformation/lib/filesystem.js';
    export { mem } from 'systeminformation/lib/memory.js';
    export { networkStats } from 'systeminformation/lib/network.js';`,
  // The console speaks HTTP/1.1; hono's server only asks whether a request is not.
  'node:http2': `
    export class Http2ServerRequest {}
    export const constants = {};`,
};

const leaveOutUnused = (): Plugin => ({
  name: 'leave-out-unused',
  enforce: 'pre',
  resolveId: (id) => {
    if (unused.some((pattern) => pattern.test(id))) return '\0unused';
    return id in sideDoors ? `\0side-door:${id}` : null;
  },
  load: (id) =>
    id === '\0unused' ? 'export {};' : (sideDoors[id.replace('\0side-door:', '')] ?? null),
});

/** One letter beyond Latin-1 makes V8 hold the whole file at two bytes a letter. */
const escapeToAscii = (): Plugin => ({
  name: 'escape-to-ascii',
  generateBundle: (_, bundle) => {
    for (const file of Object.values(bundle)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replaceAll(
        /[^\0-\x7f]/g,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    }
  },
});

export default defineConfig({
  root: import.meta.dirname,
  plugins: [leaveOutUnused(), escapeToAscii()],
  build: {
    ssr: true,
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node24',
    minify: 'oxc',
    rolldownOptions: {
      // The guard of a swap is a program of its own: it outlives the agent.
      input: { agent: 'start.ts', guard: 'guard.ts' },
      external: ['better-sqlite3'],
      output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
    },
  },
  ssr: { noExternal: true, external: ['better-sqlite3'] },
});
