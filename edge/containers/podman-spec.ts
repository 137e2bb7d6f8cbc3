/**
 * Our container spec in libpod's words (specgen). What the agent leaves unsaid is said here where
 * Podman's default would depend on the host's configuration file: restart, log driver and its cap.
 */
import type { ContainerSpec } from '../core/container.ts';

/** Read whole for every look at the log (see `podman-output.ts`), so less than on Docker. */
export const logBytesMax = 10 * 1024 * 1024;
/** The kernel's default period; the quota is what varies. */
const cpuPeriodUs = 100_000;

export const toPodman = (spec: ContainerSpec, imageId: string): Record<string, unknown> => {
  const { memoryBytes, cpus } = spec.resources;
  return {
    name: spec.name,
    image: imageId,
    ...(spec.entrypoint.length > 0 ? { entrypoint: [...spec.entrypoint] } : {}),
    ...(spec.command.length > 0 ? { command: [...spec.command] } : {}),
    env: { ...spec.environment },
    labels: { ...spec.labels },
    portmappings: spec.ports.map((port) => ({
      container_port: port.containerPort,
      host_port: port.hostPort,
      protocol: port.protocol,
      host_ip: port.hostAddress,
    })),
    volumes: spec.mounts.flatMap((mount) =>
      mount.kind === 'volume'
        ? [{ Name: mount.name, Dest: mount.containerPath, Options: readOnly(mount) }]
        : [],
    ),
    mounts: spec.mounts.flatMap((mount) =>
      mount.kind === 'bind'
        ? [
            {
              type: 'bind',
              source: mount.hostPath,
              destination: mount.containerPath,
              options: ['rbind', ...readOnly(mount)],
            },
          ]
        : [],
    ),
    restart_policy: spec.restart,
    resource_limits: {
      ...(memoryBytes ? { memory: { limit: memoryBytes } } : {}),
      ...(cpus ? { cpu: { quota: Math.round(cpus * cpuPeriodUs), period: cpuPeriodUs } } : {}),
    },
    log_configuration: { driver: 'k8s-file', size: logBytesMax },
  };
};

const readOnly = (mount: { readOnly: boolean }): string[] => (mount.readOnly ? ['ro'] : []);
