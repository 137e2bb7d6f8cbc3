import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { helpText } from './help.ts';
import { readOptions, variableOf, verbOptions } from './options.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('without anything, run listens on loopback and talks straight to the hub', () => {
  expect(readOptions('run', [], {})).toMatchObject({
    state: '/var/lib/signalbeam-agent',
    engine: 'auto',
    gateway: 'auto',
    mesh: null,
    'mesh-peers': [],
    console: { host: '127.0.0.1', port: 8480 },
    'heartbeat-ms': 60_000,
  });
});

// Inventory §7.12
test('a flag wins over the environment, which wins over the file', () => {
  const file = join(folder, 'agent.json');
  writeFileSync(
    file,
    JSON.stringify({ engine: 'docker', 'heartbeat-ms': 5_000, console: 'off', gateway: true }),
    { mode: 0o600 },
  );
  const options = readOptions('run', ['--config', file, '--engine', 'podman'], {
    SIGNALBEAM_HEARTBEAT_MS: '7000',
    SIGNALBEAM_ENGINE: 'auto',
  });
  expect(options).toMatchObject({
    engine: 'podman',
    'heartbeat-ms': 7_000,
    console: null,
    gateway: 'always',
  });
});

test('no clock is set unless that is asked for, and only by yes or the path of a program', () => {
  const read = (value: string) =>
    readOptions('run', [], { SIGNALBEAM_SET_CLOCK: value })['set-clock'];
  expect(readOptions('run', [], {})['set-clock']).toBeNull();
  expect(read('0')).toBeNull();
  expect(read('1')).toBe('/bin/date');
  expect(readOptions('run', ['--set-clock'], {})['set-clock']).toBe('/bin/date');
  expect(read('/opt/bin/set-clock')).toBe('/opt/bin/set-clock');
  expect(() => read('maybe')).toThrow(/--set-clock/);
});

test('a configuration that others may read is not used', () => {
  const file = join(folder, 'agent.json');
  writeFileSync(file, '{}');
  chmodSync(file, 0o644);
  expect(() => readOptions('run', ['--config', file], {})).toThrow(/Others may read/);
  chmodSync(file, 0o600);
  writeFileSync(file, '{"engin":"docker"}');
  expect(() => readOptions('run', ['--config', file], {})).toThrow(/unknown key engin/);
});

test.each([
  [['--gatway'], /no option --gatway/, 'Did you mean --gateway?'],
  [['--engine', 'rkt'], /--engine/, 'Run signalbeam-agent help run.'],
  [['--leaf', 'http://x'], /--leaf: must look like/, 'Run signalbeam-agent help run.'],
  [['--heartbeat-ms', '1'], /--heartbeat-ms/, 'Run signalbeam-agent help run.'],
  [['extra'], /Unexpected argument/, 'Run signalbeam-agent help run.'],
])('%j is refused with a hint', (args, message, next) => {
  const read = () => readOptions('run', args, {});
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ code: 'usage', next }));
});

test('what is missing is named with its variable, and a token is never repeated', () => {
  expect(() => readOptions('register', ['--url', 'https://fleet.example'], {})).toThrow(
    '--token: is needed (or SIGNALBEAM_TOKEN)',
  );
  expect(() =>
    readOptions('register', ['--url', 'https://fleet.example', '--token', 'secret'], {}),
  ).toThrow(/^(?!.*secret).*--token/);
  expect(() =>
    readOptions('register', ['--url', 'ftp://x', '--token', 'x'.repeat(20)], {}),
  ).toThrow(/--url/);
});

test('help names every option of every command', () => {
  for (const [verb, schema] of Object.entries(verbOptions)) {
    const text = helpText(verb);
    for (const name of Object.keys(schema.shape)) {
      expect(text).toContain(`--${name} `);
      expect(text).toContain(variableOf(name));
    }
  }
  expect(helpText(undefined)).toContain('console-code');
});
