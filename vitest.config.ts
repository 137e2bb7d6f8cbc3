/**
 * Three projects: `unit` touches nothing outside the process, `system` meets real servers that the
 * rig starts once for the run, `browser` drives real Chromium. `./signalbeam test` runs all three.
 */
import { defineConfig } from 'vitest/config';

const everywhere = ['**/node_modules/**', '**/dist/**', '**/.signalbeam/**'];
const rig = './launcher/rig/global-setup.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...everywhere, '**/*.system.test.ts', '**/*.browser.test.ts'],
        },
      },
      {
        test: {
          name: 'system',
          include: ['**/*.system.test.ts'],
          exclude: everywhere,
          globalSetup: rig,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['**/*.browser.test.ts'],
          exclude: everywhere,
          globalSetup: rig,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
