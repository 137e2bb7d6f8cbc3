/**
 * The agent as it is shipped: its own code and its libraries in few files, so that it starts fast
 * and holds little memory. What is loaded on demand stays apart: a device with Podman never reads
 * dockerode, an agent that waits for approval reads neither. The native module stays outside.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    ssr: 'cli.ts',
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node24',
    minify: 'oxc',
    rolldownOptions: {
      external: ['better-sqlite3', 'ssh2', 'cpu-features'],
      output: { entryFileNames: 'agent.js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  ssr: { noExternal: true, external: ['better-sqlite3'] },
});
