/**
 * The steps that change containers. Ids come from the list of our own containers, never from a
 * name alone, so a stranger's container of the same name is never stopped or removed.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { failureLogLineBytesMax, failureLogLinesMax } from '@signalbeam/sync/core/limits';
import type { Release } from '@signalbeam/sync/core/manifest';
import { type ContainerSpec, labels, type Mount, type SecretFile } from '../core/container.ts';
import { isRunning } from '../core/dependencies.ts';
import { containersOf, type Known, type SlotVersion } from '../core/known.ts';
import { containersOfRelease } from '../core/plan-images.ts';
import type { ReconcilerParts } from './parts.ts';
import { type Executor, type StepContext, slotOf } from './step-context.ts';

const idOf = (context: StepContext, name: string): string | undefined =>
  context.created.get(name) ?? context.known.observed?.find((each) => each.name === name)?.id;

/** The one place where a secret's value is in the clear: on its way to the engine, or to a file in memory. */
const openedOf = (
  { name, sealed }: Pick<SecretFile, 'name' | 'sealed'>,
  { openSecret }: Pick<ReconcilerParts, 'openSecret'>,
): string => {
  if (sealed === null) {
    throw new FleetError('secret-missing', `The secret ${name} did not come with this version.`, {
      next: 'Set it for this device, its site or the tenant, and ask for the version again. If it is set, all that this device is given is too large: make a value shorter.',
    });
  }
  const value = openSecret(sealed);
  if (value === null) {
    throw new FleetError(
      'secret-unreadable',
      `The secret ${name} was not sealed for this device.`,
      {
        next: 'Set it again; if that does not help, register the device again.',
      },
    );
  }
  return value;
};

/** Before every start, too: memory is empty after the power was away. */
const placeFiles = async (
  { name, secretFiles = [] }: ContainerSpec,
  parts: Pick<ReconcilerParts, 'openSecret' | 'secretFiles'>,
): Promise<Mount[]> => {
  if (secretFiles.length === 0) return [];
  if (parts.secretFiles === undefined) {
    throw new FleetError('secret-files-unsafe', 'This agent has no place for secrets as files.', {
      next: 'Name the secret in secretEnvironment instead.',
    });
  }
  const values = secretFiles.map((file) => openedOf(file, parts));
  const paths = await parts.secretFiles.place(name, values);
  return secretFiles.map(({ path }, index) => ({
    kind: 'bind',
    hostPath: paths[index] ?? '',
    containerPath: path,
    readOnly: true,
  }));
};

const withSecrets = async (
  { secrets = [], secretFiles, ...spec }: ContainerSpec,
  parts: Pick<ReconcilerParts, 'openSecret' | 'secretFiles'>,
): Promise<ContainerSpec> => {
  const values = secrets.map((secret) => [secret.variable, openedOf(secret, parts)]);
  const files = await placeFiles({ ...spec, ...(secretFiles && { secretFiles }) }, parts);
  return {
    ...spec,
    environment: { ...spec.environment, ...Object.fromEntries(values) },
    mounts: [...spec.mounts, ...files],
  };
};

const create: Executor<'create-container'> = async (context, { bundleId, spec }) => {
  const { engine, parts, created } = context;
  for (const mount of spec.mounts) {
    if (mount.kind !== 'volume') continue;
    await engine.ensureVolume(mount.name, {
      [labels.device]: parts.identity.deviceId,
      [labels.bundle]: bundleId,
    });
  }
  const { id, warnings } = await engine.create(await withSecrets(spec, parts));
  created.set(spec.name, id);
  parts.guards?.made(bundleId, id);
  for (const warning of warnings) parts.log('warn', warning, { container: spec.name });
};

const start: Executor<'start-container'> = async (context, { bundleId, name, healing }) => {
  const { engine, parts, created } = context;
  const id = idOf(context, name);
  if (id === undefined) {
    throw new FleetError('container-not-found', `${name} went away before it could be started.`);
  }
  const planned = plannedOf(context, bundleId, name);
  if (planned !== undefined) await placeFiles(planned.spec, parts);
  await engine.start(id);
  const slot = slotOf(context, bundleId);
  if (slot.update !== null && healing !== true) return;
  const { container, called, exitCode } = spokenOf(context, bundleId, name);
  const how = created.has(name)
    ? 'was missing and was made again'
    : 'had stopped and was started again';
  const exit = exitCode === null || created.has(name) ? '' : ` (exit code ${exitCode})`;
  parts.outbox.appendEvent({
    type: created.has(name) ? 'container-recreated' : 'container-restarted',
    severity: 'warning',
    message: `${called} ${how}${exit}.`,
    data: { bundleId, container, name },
  });
};

/** As which versions the slots have a release: with these secrets or with those. */
const versionsOf = (known: Known, { bundleId }: Release): SlotVersion[] =>
  known.slots
    .filter((slot) => slot.bundleId === bundleId)
    .flatMap(({ update, confirmed, previous }) => [update?.target, confirmed, previous])
    .filter((version) => version !== null && version !== undefined);

const plannedOf = ({ known }: StepContext, bundleId: string, name: string) =>
  [...known.releases.values()]
    .flatMap((release) =>
      release.bundleId === bundleId
        ? versionsOf(known, release).flatMap((version) =>
            containersOfRelease(known, release, version),
          )
        : [],
    )
    .find(({ spec }) => spec.name === name);

/** A container as people know it: by its name in the bundle and the bundle's. */
const spokenOf = (context: StepContext, bundleId: string, name: string) => {
  const { known } = context;
  const observed = known.observed?.find((each) => each.name === name);
  const planned = plannedOf(context, bundleId, name);
  const container = (planned?.spec ?? observed)?.labels[labels.container] ?? name;
  return {
    container,
    called: `Container ${container} of ${slotOf(context, bundleId).bundleName}`,
    exitCode: observed?.exitCode ?? null,
  };
};

const stop: Executor<'stop-container'> = async (context, { bundleId, name, graceMs }) => {
  const id = idOf(context, name);
  if (id === undefined) return;
  context.stopping.add(id);
  context.parts.guards?.stopping(bundleId, id, graceMs);
  await context.engine.stop(id, { graceMs });
};

const remove: Executor<'remove-container'> = async (context, { name }) => {
  const id = idOf(context, name);
  if (id === undefined) return;
  context.stopping.add(id);
  await context.engine.remove(id, { volumes: false });
};

const retire: Executor<'retire-container'> = async (context, step) => {
  const { bundleId, name, fields, graceMs } = step;
  const { engine, parts, stopping, known } = context;
  const observed = known.observed?.find((each) => each.name === name);
  if (observed === undefined) return;
  stopping.add(observed.id);
  if (isRunning(observed)) {
    parts.guards?.stopping(bundleId, observed.id, graceMs);
    await engine.stop(observed.id, { graceMs });
  }
  const retired = `${name}-retired`;
  const earlier = containersOf(known, bundleId).find((each) => each.name === retired);
  if (earlier !== undefined) await engine.remove(earlier.id, { volumes: false });
  await engine.rename(observed.id, retired);
  const { container, called } = spokenOf(context, bundleId, name);
  parts.outbox.appendEvent({
    type: 'drift-corrected',
    severity: 'warning',
    message: `${called} was changed by somebody (${fields.join(', ')}); it is made again as released.`,
    data: { bundleId, container, name, fields: fields.join(',') },
  });
};

const logTailOf = async (context: StepContext, bundleId: string, container: string | null) => {
  const target = containersOf(context.known, bundleId).find(
    (each) => each.name === container || each.labels[labels.container] === container,
  );
  const updated = slotOf(context, bundleId).update?.target.version;
  const fresh = containersOf(context.known, bundleId).find(
    (each) =>
      each.labels[labels.container] === container && each.labels[labels.version] === updated,
  );
  const id = (fresh ?? target)?.id;
  if (id === undefined) return [];
  const lines = await context.engine.logs(id, { tail: failureLogLinesMax }).catch(() => []);
  return lines
    .slice(-failureLogLinesMax)
    .map(({ text }) => text.slice(0, failureLogLineBytesMax / 2));
};

const fail: Executor<'fail-update'> = async (context, { bundleId, failure, logsOf }) => {
  const { journal, now } = context.parts;
  const logTail = logsOf === null ? failure.logTail : await logTailOf(context, bundleId, logsOf);
  const slot = slotOf(context, bundleId);
  if (slot.update === null) return;
  journal.saveSlot({
    ...slot,
    update: {
      ...slot.update,
      phase: 'restore',
      phaseStartedAt: now(),
      failure: { reason: failure.reason.slice(0, 900), logTail },
    },
  });
};

export const containerExecutors = {
  'create-container': create,
  'start-container': start,
  'stop-container': stop,
  'remove-container': remove,
  'retire-container': retire,
  'fail-update': fail,
};
