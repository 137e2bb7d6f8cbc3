/**
 * Three projects: `unit` touches nothing outside the process, `system` meets real servers that the
 * rig starts once for the run, `browser` drives real Chromium. `./signalbeam test` runs all three.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { testReporter, testReportVariable } from './launcher/verbs/test-report.ts';

// argon2's binary ends an older Node with SIGSEGV, in a worker that can't say why.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  throw new Error(
    `Node ${process.versions.node} is too old for the tests: use ./signalbeam test, or put Node 24.12 or newer first on PATH.`,
  );
}

const everywhere = ['**/node_modules/**', '**/dist/**', '**/.signalbeam/**'];
/** A message alone must say what was found: often nothing else of a run is kept. */
const chaiConfig = { truncateThreshold: 2_000 };
/**
 * A worker loads each module once for all its files: loading them anew for every file was a third of the work.
 * So a test file leaves nothing behind in a module or in the process: no fake timers, no variable of the environment.
 */
const isolate = false;
const rig = './launcher/rig/global-setup.ts';

/**
 * Slow, and of what others show in a smaller way: `test --full` only. A whole engine going away is in
 * `engine-failures.suite.ts` and the story; moving and replacing a device, its keys and
 * certificates in `cloud/device-manager` (their pages are walked by `operator-pages`); lossy and cut networks in the simulator, `mesh-shell` and
 * `edge/mesh/gateway`; a ceremony of keys in `keyring` and `rotation`; a simulated device in `workload`.
 * Benches in their smoke sizes show that they still run, and what they drive has tests of its own: those
 * that start processes are here, the others (mesh-core, console) in every run. A clock of 1970 is in `keep-clock`,
 * the trust tests and the simulator; each service alone in `cloud/main` and `replicas`; the technician's logs in
 * `console/technician`; secrets and followed logs of a device in the engines' suites and `telemetry-processor/logs`; what goes wrong with `up` in `up` and the supervisor's own tests;
 * a device without uplink in the simulator and `edge/mesh/gateway`; the CLI's commands in `cli.system`.
 * The guard of an agent that dies is in `crash`, what the client is made of in `client` and `generated`. That every
 * fault strikes in the simulation (`coverage`) says something of the simulator, not of what it runs. That memory does not grow
 * under bad input (`hostile-memory`) is held by each table's limit in `sync/mesh/pieces` and `hostile-frames`.
 */
const slow =
  process.env['SIGNALBEAM_FULL'] === '1'
    ? []
    : [
        'edge/agent/engine-away.system.test.ts',
        'edge/agent/guard.system.test.ts',
        'edge/agent/bundle.system.test.ts',
        'console/device-lives.browser.test.ts',
        'console/operator-credentials.browser.test.ts',
        'cloud/client/pack.system.test.ts',
        'edge/link/device-lives.system.test.ts',
        'edge/mesh/trouble.system.test.ts',
        'launcher/verbs/keys.system.test.ts',
        'launcher/verbs/up-mishaps.system.test.ts',
        'edge/local-api/logs.system.test.ts',
        'cloud/telemetry-processor/main.system.test.ts',
        'cloud/bundle-orchestrator/main.system.test.ts',
        'cloud/device-manager/main.system.test.ts',
        'simulator/fleet/fleet.system.test.ts',
        'edge/mesh/move.system.test.ts',
        'edge/mesh/clock.system.test.ts',
        'edge/mesh/neighbour.system.test.ts',
        'cloud/telemetry-processor/store/oldest-postgres.system.test.ts',
        'cloud/cli/docs.system.test.ts',
        'cloud/cli/shells.test.ts',
        ...[
          'agent',
          'alerts',
          'backlog',
          'charts',
          'confirmed',
          'delete-tenant',
          'devices',
          'fleet',
          'ingest',
          'mesh',
          'plans',
          'presence',
          'reconnect',
          'rollout',
          'steer',
          'streams',
          'wire',
        ].map((bench) => `simulator/bench/${bench}.system.test.ts`),
        'simulator/bench/mesh-site.test.ts',
        'simulator/coverage.test.ts',
        'simulator/hostile-memory.test.ts',
      ];

/**
 * Begun first: a long file that begins last is waited for alone. A clean clone has no times of its own,
 * and vitest then goes by the size of files, which says little of how long they take.
 */
const longest = [
  ...['edge/agent/crash', 'edge/containers/podman', 'simulator/story/story', 'edge/mesh/gateway'],
  ...['cloud/api', 'edge/containers/docker', 'edge/link/agent', 'cloud/main', 'launcher/verbs/up'],
  ...['edge/agent/guard', 'edge/agent/bundle', 'cloud/platform/events/events', 'edge/link/trust'],
  ...['cloud/replicas', 'edge/agent/heal', 'edge/agent/power', 'console/operator-journey'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.includes(`/${name}.`));
      return at === -1 ? longest.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => place(one) - place(other));
  }
}

const reportFile = process.env[testReportVariable];

/** What is waited for comes on a busy machine, too; a second is not enough there for a round trip of a page. */
const patience = { poll: { timeout: 15_000 } };

export default defineConfig({
  test: {
    reporters: reportFile
      ? ['default', testReporter(reportFile, import.meta.dirname)]
      : ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          isolate,
          chaiConfig,
          expect: patience,
          include: ['**/*.test.ts'],
          exclude: [...everywhere, ...slow, '**/*.system.test.ts', '**/*.browser.test.ts'],
          // Properties take seconds on a busy machine; a hang is what this is for.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          isolate,
          chaiConfig,
          expect: patience,
          include: ['**/*.system.test.ts'],
          exclude: [...everywhere, ...slow],
          globalSetup: rig,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          isolate,
          chaiConfig,
          expect: patience,
          include: ['**/*.browser.test.ts'],
          exclude: [...everywhere, ...slow],
          globalSetup: rig,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
