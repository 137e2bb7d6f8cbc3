/**
 * The agent as it is shipped: its own code and its libraries in few files, so that it starts fast
 * and holds little memory. What is loaded on demand stays apart: a device with Podman never reads
 * dockerode, an agent that waits for approval reads neither. The native module stays outside.
 */
import { defineConfig, type Plugin } from 'vite';

/** Dockerode's ways to build images and to reach hosts by SSH, 6 MB of memory that no agent uses. */
const unused = new Set(['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2']);

const leaveOutUnused = (): Plugin => ({
  name: 'leave-out-unused',
  enforce: 'pre',
  resolveId: (id) => (unused.has(id) ? '\0unused' : null),
  load: (id) => (id === '\0unused' ? 'export {};' : null),
});

export default defineConfig({
  root: import.meta.dirname,
  plugins: [leaveOutUnused()],
  build: {
    ssr: 'cli.ts',
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node24',
    minify: 'oxc',
    rolldownOptions: {
      external: ['better-sqlite3'],
      output: { entryFileNames: 'agent.js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  ssr: { noExternal: true, external: ['better-sqlite3'] },
});
