/**
 * The part of `inspect` that Docker and Podman answer in the same form, and its translation to what
 * drift compares. Where they differ (restart policy names, cpus, addresses, an entrypoint that
 * Podman joins into one string) the difference ends here. Unknown fields are ignored: daemons add them.
 */
import { z } from 'zod';
import {
  labels,
  type Mount,
  type ObservedContainer,
  type PortMapping,
  type RestartPolicy,
  secretVariables,
} from '../core/container.ts';

const words = z.array(z.string()).nullish();

export const inspectedSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  Path: z.string().nullish(),
  Args: words,
  RestartCount: z.number().nullish(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    OOMKilled: z.boolean().nullish(),
    StartedAt: z.string().nullish(),
    FinishedAt: z.string().nullish(),
  }),
  HostConfig: z.object({
    PortBindings: z
      .record(
        z.string(),
        z
          .array(z.object({ HostIp: z.string().nullish(), HostPort: z.string().nullish() }))
          .nullable(),
      )
      .nullish(),
    RestartPolicy: z.object({ Name: z.string() }).nullish(),
    Memory: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    CpuQuota: z.number().nullish(),
    CpuPeriod: z.number().nullish(),
  }),
  Mounts: z
    .array(
      z.object({
        Type: z.string(),
        Name: z.string().nullish(),
        Source: z.string().nullish(),
        Destination: z.string(),
        RW: z.boolean(),
      }),
    )
    .nullish(),
  Config: z.object({
    Env: words,
    Cmd: words,
    Entrypoint: z.union([z.string(), z.array(z.string())]).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
  NetworkSettings: z
    .object({
      IPAddress: z.string().nullish(),
      Networks: z.record(z.string(), z.object({ IPAddress: z.string().nullish() })).nullish(),
    })
    .nullish(),
});
export type Inspected = z.infer<typeof inspectedSchema>;

/** What the engine says of the image that a container runs. */
export type ImageFacts = {
  digests: readonly string[];
  defaults: ObservedContainer['imageDefaults'];
};

export const observe = (seen: Inspected, image: ImageFacts): ObservedContainer => {
  const own = seen.Config.Labels ?? {};
  const state = stateOf(seen.State.Status);
  return {
    id: seen.Id,
    name: seen.Name.replace(/^\//, ''),
    imageDigest: digestOf(own, image.digests),
    imageId: withAlgorithm(seen.Image),
    state,
    exitCode: state === 'exited' || state === 'dead' ? seen.State.ExitCode : null,
    restartCount: seen.RestartCount ?? 0,
    startedAt: timeOf(seen.State.StartedAt),
    finishedAt: endOf(seen.State, state),
    oomKilled: seen.State.OOMKilled ?? false,
    address: addressOf(seen),
    labels: own,
    imageDefaults: image.defaults,
    ...argvOf(seen),
    environment: environmentOf(seen.Config.Env ?? [], secretVariables(own)),
    ports: portsOf(seen),
    mounts: (seen.Mounts ?? []).flatMap(mountOf),
    restart: restartOf(seen.HostConfig.RestartPolicy?.Name ?? ''),
    resources: resourcesOf(seen),
  };
};

/** Docker writes `sha256:<hex>`, Podman `<hex>`. */
export const withAlgorithm = (id: string): string => (id.includes(':') ? id : `sha256:${id}`);

/** The part of a reference after `@`, or empty. */
export const digestIn = (reference: string): string =>
  /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] ?? '';

/** One image may bear several manifest digests: the one asked for wins if it truly is among them. */
const digestOf = (own: Readonly<Record<string, string>>, digests: readonly string[]): string => {
  const asked = own[labels.image];
  return asked !== undefined && digests.includes(asked) ? asked : (digests[0] ?? '');
};

const states: Readonly<Record<string, ObservedContainer['state']>> = {
  configured: 'created',
  created: 'created',
  initialized: 'created',
  running: 'running',
  stopping: 'running',
  restarting: 'restarting',
  paused: 'paused',
  stopped: 'exited',
  exited: 'exited',
};
const stateOf = (status: string): ObservedContainer['state'] => states[status] ?? 'dead';

/** A container that never started has year 1 (both engines). */
const timeOf = (text: string | null | undefined): number | null => {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) || at <= 0 ? null : at;
};

/**
 * Podman takes the end from a file's time, which the kernel keeps some milliseconds late: a container
 * that ended at once seems to end before it started. One that runs again did end before it started.
 */
const endOf = (seen: Inspected['State'], state: ObservedContainer['state']): number | null => {
  const [start, end] = [timeOf(seen.StartedAt), timeOf(seen.FinishedAt)];
  return state === 'exited' && start !== null && end !== null ? Math.max(start, end) : end;
};

const addressOf = (seen: Inspected): string => {
  const networks = Object.values(seen.NetworkSettings?.Networks ?? {});
  const address =
    seen.NetworkSettings?.IPAddress || networks.find((each) => each.IPAddress)?.IPAddress;
  return address ?? '';
};

const argvOf = (seen: Inspected): { entrypoint: string[]; command: string[] } => {
  const command = seen.Config.Cmd ?? [];
  const { Entrypoint: entrypoint } = seen.Config;
  if (Array.isArray(entrypoint)) return { entrypoint, command };
  if (!entrypoint) return { entrypoint: [], command };
  // Podman joins the entrypoint with blanks; what it runs less the command is the exact list.
  const argv = [seen.Path ?? '', ...(seen.Args ?? [])];
  return { entrypoint: argv.slice(0, argv.length - command.length), command };
};

/** A secret's value ends here: nothing that could be logged or compared ever holds it. */
const environmentOf = (
  lines: readonly string[],
  secrets: readonly string[],
): Record<string, string> =>
  Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at < 0) return [line, ''];
      const name = line.slice(0, at);
      return [name, secrets.includes(name) ? '' : line.slice(at + 1)];
    }),
  );

const portsOf = (seen: Inspected): PortMapping[] =>
  Object.entries(seen.HostConfig.PortBindings ?? {})
    .flatMap(([key, bindings]) => {
      const [port, protocol] = key.split('/');
      return (bindings ?? []).map((binding) => ({
        containerPort: Number(port),
        hostPort: Number(binding.HostPort || '0'),
        protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
        hostAddress: binding.HostIp || '0.0.0.0',
      }));
    })
    .sort((a, b) => a.hostPort - b.hostPort || a.containerPort - b.containerPort);

/** Volumes that an image declares and nobody named bear 64 hex digits: no spec asked for them. */
const anonymous = /^[0-9a-f]{64}$/;

const mountOf = (mount: NonNullable<Inspected['Mounts']>[number]): Mount[] => {
  const at = { containerPath: mount.Destination, readOnly: !mount.RW };
  if (mount.Type === 'bind') return [{ kind: 'bind', hostPath: mount.Source ?? '', ...at }];
  if (mount.Type !== 'volume' || !mount.Name || anonymous.test(mount.Name)) return [];
  return [{ kind: 'volume', name: mount.Name, ...at }];
};

const restartOf = (name: string): RestartPolicy =>
  name === 'on-failure' || name === 'unless-stopped' || name === 'always' ? name : 'no';

const resourcesOf = ({ HostConfig: host }: Inspected): ObservedContainer['resources'] => {
  const cpus = host.NanoCpus ? host.NanoCpus / 1e9 : quotaOf(host.CpuQuota, host.CpuPeriod);
  return {
    ...(host.Memory ? { memoryBytes: host.Memory } : {}),
    ...(cpus > 0 ? { cpus } : {}),
  };
};

const quotaOf = (quota: number | null | undefined, period: number | null | undefined): number =>
  quota && quota > 0 ? quota / (period || 100_000) : 0;
