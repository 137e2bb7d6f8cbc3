/**
 * Limits that this host's kernel can hold. One it can't (no memory controller, no CFS quota) is left
 * out of what is wanted, with a sentence that says so: asked for anyway it would fail the start on
 * one engine and be forgotten by the other, which then looks like drift for ever.
 */
import type { ContainerSpec } from './container.ts';

export type LimitSupport = { memory: boolean; cpu: boolean };

export const heldLimits = (
  spec: ContainerSpec,
  support: LimitSupport,
): { spec: ContainerSpec; warnings: string[] } => {
  const { memoryBytes, cpus } = spec.resources;
  const warnings = [
    ...(memoryBytes !== undefined && !support.memory ? [unheld(spec.name, 'memory limit')] : []),
    ...(cpus !== undefined && !support.cpu ? [unheld(spec.name, 'CPU limit')] : []),
  ];
  if (warnings.length === 0) return { spec, warnings };
  const resources = {
    ...(memoryBytes !== undefined && support.memory ? { memoryBytes } : {}),
    ...(cpus !== undefined && support.cpu ? { cpus } : {}),
  };
  return { spec: { ...spec, resources }, warnings };
};

const unheld = (name: string, limit: string): string =>
  `${name} runs without its ${limit}: this host's kernel offers none.`;
