/**
 * Our container spec in Docker's words. Mounts rather than binds, so that a missing host path is
 * refused instead of made as an empty folder; the log has a cap, or it would fill the device's disk.
 */
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { ContainerSpec, Mount } from '../core/container.ts';

/** 3 × 5 MiB a container: two days of one line a second, on 8 GB eMMC still small. */
export const logFileBytesMax = 5 * 1024 * 1024;
export const logFilesMax = 3;

export const toDocker = (spec: ContainerSpec, imageId: string): ContainerCreateOptions => {
  const ports = Object.groupBy(spec.ports, (port) => `${port.containerPort}/${port.protocol}`);
  const bindings = Object.entries(ports).map(([key, mappings = []]) => [
    key,
    mappings.map((port) => ({ HostIp: port.hostAddress, HostPort: String(port.hostPort) })),
  ]);
  return {
    name: spec.name,
    Image: imageId,
    ...(spec.entrypoint.length > 0 ? { Entrypoint: [...spec.entrypoint] } : {}),
    ...(spec.command.length > 0 ? { Cmd: [...spec.command] } : {}),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((key) => [key, {}])),
    HostConfig: {
      PortBindings: Object.fromEntries(bindings),
      Mounts: spec.mounts.map(toMount),
      RestartPolicy: { Name: spec.restart },
      ...(spec.resources.memoryBytes ? { Memory: spec.resources.memoryBytes } : {}),
      ...(spec.resources.cpus ? { NanoCpus: Math.round(spec.resources.cpus * 1e9) } : {}),
      LogConfig: {
        Type: 'json-file',
        Config: { 'max-size': String(logFileBytesMax), 'max-file': String(logFilesMax) },
      },
    },
  };
};

const toMount = (mount: Mount): MountSettings => ({
  Type: mount.kind,
  Source: mount.kind === 'bind' ? mount.hostPath : mount.name,
  Target: mount.containerPath,
  ReadOnly: mount.readOnly,
});
