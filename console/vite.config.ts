/**
 * Builds the two consoles: `vite build --mode operator` and `vite build --mode technician`, each
 * into its own folder under dist/. Nothing is inlined as a script and nothing comes from elsewhere,
 * so both run under `default-src 'self'`.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode }) => {
  const app = mode === 'technician' ? 'technician' : 'operator';
  return {
    root: here(`./${app}`),
    base: '/',
    publicDir: here('./public'),
    define: { 'process.env.NODE_ENV': JSON.stringify('production') },
    build: {
      outDir: here(`./dist/${app}`),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: 'es2022',
      reportCompressedSize: false,
    },
  };
});
