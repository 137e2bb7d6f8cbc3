/**
 * The steps a plan is made of. The journal records each before it runs, so the names here are also
 * the places where a crash is tested. Every step may be repeated: running it twice does no harm.
 */
import type { ContainerSpec } from './container.ts';
import type { SlotFailure, SlotVersion } from './known.ts';

type Act =
  /** To none: the version that was being prepared is let be, and what is settled stays. */
  | { kind: 'begin-update'; bundleId: string; target: SlotVersion | null }
  | { kind: 'fetch-release'; bundleId: string; releaseDigest: string }
  | { kind: 'fetch-image'; bundleId: string; releaseDigest: string; reference: string }
  | { kind: 'pull-image'; bundleId: string; reference: string; source: string }
  | { kind: 'create-container'; bundleId: string; spec: ContainerSpec }
  | { kind: 'begin-swap'; bundleId: string }
  | { kind: 'stop-container'; bundleId: string; name: string; graceMs: number }
  | { kind: 'start-container'; bundleId: string; name: string }
  | { kind: 'begin-probe'; bundleId: string }
  | { kind: 'probe'; bundleId: string }
  | { kind: 'confirm-update'; bundleId: string }
  | { kind: 'fail-update'; bundleId: string; failure: SlotFailure; logsOf: string | null }
  | { kind: 'remove-container'; bundleId: string; name: string }
  | { kind: 'retire-container'; bundleId: string; name: string; fields: string[]; graceMs: number }
  | { kind: 'record-failure'; bundleId: string }
  | { kind: 'forget-slot'; bundleId: string };

/** `healing`: it keeps the confirmed version up while another one is being prepared. */
export type Step = Act & { healing?: true };

export type StepKind = Step['kind'];

/** Every kind, for tests that crash the agent before and after each. */
export const stepKinds = [
  'begin-update',
  'fetch-release',
  'fetch-image',
  'pull-image',
  'create-container',
  'begin-swap',
  'stop-container',
  'start-container',
  'begin-probe',
  'probe',
  'confirm-update',
  'fail-update',
  'remove-container',
  'retire-container',
  'record-failure',
  'forget-slot',
] as const satisfies readonly StepKind[];

/** Does not compile when a step kind is missing from the list above. */
export const everyStepKindIsListed: Exclude<StepKind, (typeof stepKinds)[number]> extends never
  ? true
  : false = true;

export type Plan = {
  steps: Step[];
  /** What it waits for, as a sentence; empty when it waits for nothing. */
  waiting: string;
  /** When to plan again even if nothing happens; null when only an event can change anything. */
  wakeAtMs: number | null;
};

export const idle: Plan = { steps: [], waiting: '', wakeAtMs: null };

export const act = (...steps: Step[]): Plan => ({ steps, waiting: '', wakeAtMs: null });
