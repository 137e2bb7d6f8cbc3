/**
 * The commands as one file that runs wherever Node is, without this repository and without packages:
 * Node runs no TypeScript inside `node_modules`, so sources can't be installed.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    ssr: 'main.ts',
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node22',
    rolldownOptions: { output: { entryFileNames: 'signalbeam.mjs' } },
  },
  ssr: { noExternal: true },
});
