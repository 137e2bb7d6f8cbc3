/** A limit that the host can't hold is dropped and said, the others stay. */
import { expect, test } from 'vitest';
import type { ContainerSpec } from './container.ts';
import { heldLimits } from './held-limits.ts';

const spec: ContainerSpec = {
  name: 'web',
  image: 'signalbeam.local/web@sha256:00',
  entrypoint: [],
  command: [],
  environment: {},
  ports: [],
  mounts: [],
  restart: 'no',
  resources: { memoryBytes: 1024, cpus: 0.5 },
  labels: {},
};

test('keeps the spec as it is where the host holds every limit', () => {
  const { spec: held, warnings } = heldLimits(spec, { memory: true, cpu: true });
  expect(held).toBe(spec);
  expect(warnings).toEqual([]);
});

test('drops only the limit that the host can’t hold and names it', () => {
  const { spec: held, warnings } = heldLimits(spec, { memory: false, cpu: true });
  expect(held.resources).toEqual({ cpus: 0.5 });
  expect(warnings).toEqual(["web runs without its memory limit: this host's kernel offers none."]);
});

test('says nothing of limits that nobody asked for', () => {
  const { warnings } = heldLimits({ ...spec, resources: {} }, { memory: false, cpu: false });
  expect(warnings).toEqual([]);
});
