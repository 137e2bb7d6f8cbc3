/**
 * A compose file as the containers of a bundle. Everything in it is either carried over or refused at
 * its line with a reason; nothing is left out in silence, and what compose means where nothing is
 * written (no restart, a check every 30 s) is written out. Whether the containers may be released is
 * decided elsewhere, for all alike. Pure.
 */

import { declaredSecrets, secretFilesField } from './compose-secrets.ts';
import {
  bytesFrom,
  imageFrom,
  mountFrom,
  mountOf,
  msFrom,
  plainFrom,
  portFrom,
  type Read,
  wordsFrom,
} from './compose-words.ts';
import type { Placed, PlacedFault } from './placed.ts';

type Fields = Record<string, unknown>;

export type Translated = {
  containers: Fields[];
  faults: PlacedFault[];
  /** `containers[0].ports[1]` → where it came from. */
  places: ReadonlyMap<string, Omit<PlacedFault, 'message'>>;
  /** Images that are named by a tag, by the paths of their faults. */
  tags: ReadonlyMap<string, string>;
};

const reasons: Record<string, string> = {
  build: 'images are built elsewhere: name the image by its digest',
  privileged: 'privileges are never given',
  cap_add: 'capabilities are never given',
  devices: 'devices of the host are never given',
  network_mode: 'the host’s network is never given',
  pid: 'namespaces of the host are never given',
  ipc: 'namespaces of the host are never given',
  userns_mode: 'namespaces of the host are never given',
  security_opt: 'security options can’t be changed',
  container_name: 'the agent names containers, so that it knows its own',
  env_file: 'the file is not here: write the values under environment',
  networks: 'a bundle has one network of its own',
  configs: 'files don’t belong into a version: put them into the image or a volume',
};
/** By its own name only: `constructor` is a key like any other. */
const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
const unknown = (key: string): string => own(reasons, key) ?? 'can’t be said in a bundle';

/** What a translation is made with: collects faults and places as it goes. */
const createReader = () => {
  const faults: PlacedFault[] = [];
  const places = new Map<string, Omit<PlacedFault, 'message'>>();
  const tags = new Map<string, string>();
  const refuse = ({ line, column }: Placed, path: string, message: string): undefined => {
    faults.push({ line, column, path, message });
    return undefined;
  };
  const taken = <T>(read: Read<T>, node: Placed, path: string): T | undefined => {
    if ('value' in read) return read.value;
    if (read.tag !== undefined) tags.set(path, read.tag);
    return refuse(node, path, read.refused);
  };
  return {
    ...{ faults, places, tags },
    refuse,
    taken,
    place: (to: string, { line, column }: Placed, path: string): void =>
      void places.set(to, { line, column, path }),
    map: (node: Placed, path: string) => {
      if (node.kind === 'map') return node.entries;
      refuse(node, path, 'must be a mapping');
      return [];
    },
    list: (node: Placed, path: string) => {
      if (node.kind === 'list') return node.items;
      refuse(node, path, 'must be a list');
      return [];
    },
    /** Numbers and yes or no, too: people write ports and values without quotes. */
    text: (node: Placed, path: string): string | undefined =>
      node.kind === 'scalar' && node.value !== null
        ? taken(plainFrom(String(node.value)), node, path)
        : refuse(node, path, 'must be a text'),
  };
};
export type Reader = ReturnType<typeof createReader>;
export type Field = (reader: Reader, node: Placed, path: string, to: string) => Fields | undefined;

/** A text that is read by `parse`. */
const word =
  <T>(key: string, parse: (text: string) => Read<T>): Field =>
  (reader, node, path) => {
    const text = reader.text(node, path);
    const value = text === undefined ? undefined : reader.taken(parse(text), node, path);
    return value === undefined ? undefined : { [key]: value };
  };

const argumentsOf = (reader: Reader, node: Placed, path: string): string[] | undefined => {
  if (node.kind === 'scalar' && node.value === null) return [];
  if (node.kind === 'list') {
    return node.items.flatMap((item, at) => reader.text(item, `${path}[${at}]`) ?? []);
  }
  const text = reader.text(node, path);
  return text === undefined ? undefined : reader.taken(wordsFrom(text), node, path);
};
const commandField =
  (key: string): Field =>
  (reader, node, path) => {
    const value = argumentsOf(reader, node, path);
    return value === undefined ? undefined : { [key]: value };
  };

const environment: Field = (reader, node, path) => {
  const values: [string, string][] = [];
  const fromHost = 'has no value here, and there is no shell to take it from';
  if (node.kind === 'list') {
    for (const [at, item] of node.items.entries()) {
      const text = reader.text(item, `${path}[${at}]`);
      const equals = text?.indexOf('=') ?? -1;
      if (text === undefined) continue;
      if (equals < 1) reader.refuse(item, `${path}[${at}]`, fromHost);
      else values.push([text.slice(0, equals), text.slice(equals + 1)]);
    }
  } else {
    for (const { key, value } of reader.map(node, path)) {
      if (value.kind === 'scalar' && value.value === null) {
        reader.refuse(value, `${path}.${key}`, fromHost);
        continue;
      }
      const text = reader.text(value, `${path}.${key}`);
      if (text !== undefined) values.push([key, text]);
    }
  }
  return { environment: Object.fromEntries(values) };
};

/** The entries of a mapping that has these keys only, as texts. */
const texts = (reader: Reader, node: Placed, path: string, keys: readonly string[]) => {
  const found: Record<string, string> = {};
  for (const { key, at, value } of reader.map(node, path)) {
    if (!keys.includes(key)) reader.refuse(at, `${path}.${key}`, unknown(key));
    else found[key] = reader.text(value, `${path}.${key}`) ?? '';
  }
  return found;
};

const ports: Field = (reader, node, path, to) => {
  type Found = { item: Placed; here: string; read: ReturnType<typeof portFrom> };
  const found = reader.list(node, path).flatMap((item, at): Found[] => {
    const here = `${path}[${at}]`;
    if (item.kind !== 'map') {
      const text = reader.text(item, here);
      return text === undefined ? [] : [{ item, here, read: portFrom(text) }];
    }
    const given = texts(reader, item, here, ['target', 'published', 'protocol', 'host_ip']);
    const { target = '', published = '', protocol = 'tcp', host_ip: address } = given;
    const long = `${address === undefined ? '' : `${address}:`}${published}:${target}/${protocol}`;
    return [{ item, here, read: portFrom(long) }];
  });
  const read = found.flatMap(({ item, here, read: one }) => {
    const value = reader.taken(one, item, here);
    return value === undefined ? [] : [{ item, here, value }];
  });
  for (const [at, { item, here }] of read.entries()) {
    reader.place(`${to}.ports[${at}]`, item, here);
  }
  return { ports: read.map(({ value }) => value) };
};

const volumes =
  (declared: ReadonlySet<string>): Field =>
  (reader, node, path, to) => {
    const mounts = reader.list(node, path).flatMap((item, at) => {
      const here = `${path}[${at}]`;
      let read: ReturnType<typeof mountFrom>;
      if (item.kind === 'map') {
        const given = texts(reader, item, here, ['type', 'source', 'target', 'read_only']);
        const { type = '', source = '', target = '', read_only: readOnly = 'false' } = given;
        const isPath = source.startsWith('/');
        read =
          (type === 'volume' && !isPath && source !== '') || (type === 'bind' && isPath)
            ? mountOf(source, target, readOnly === 'true')
            : { refused: 'must be a volume with its name, or a bind with a path of the host' };
      } else {
        const text = reader.text(item, here);
        if (text === undefined) return [];
        read = mountFrom(text);
      }
      const mount = reader.taken(read, item, here);
      if (mount === undefined) return [];
      if (mount.kind === 'volume' && !declared.has(mount.name)) {
        reader.refuse(item, here, `${mount.name} is not among the volumes of this file`);
        return [];
      }
      return [{ item, here, mount }];
    });
    for (const [at, { item, here }] of mounts.entries()) {
      reader.place(`${to}.mounts[${at}]`, item, here);
    }
    return { mounts: mounts.map(({ mount }) => mount) };
  };

const restarts: Record<string, string> = { false: 'no', no: 'no' };
const restart = word('restart', (text) => {
  const value = own(restarts, text) ?? text;
  return ['no', 'always', 'on-failure', 'unless-stopped'].includes(value)
    ? { value }
    : { refused: 'must be no, always, on-failure or unless-stopped' };
});

const probeOf = (reader: Reader, node: Placed, path: string): Fields | null | undefined => {
  const shell = (text: string) => ({ kind: 'exec', command: ['/bin/sh', '-c', text] });
  if (node.kind === 'scalar') {
    const text = reader.text(node, path);
    return text === undefined ? undefined : shell(text);
  }
  const [how, ...rest] = argumentsOf(reader, node, path) ?? [];
  if (how === 'NONE' && rest.length === 0) return null;
  if (how === 'CMD' && rest.length > 0) return { kind: 'exec', command: rest };
  if (how === 'CMD-SHELL' && rest.length === 1) return shell(rest[0] ?? '');
  return reader.refuse(node, path, 'must begin with CMD, CMD-SHELL or NONE');
};

const checkKeys: Record<string, string> = {
  interval: 'intervalMs',
  timeout: 'timeoutMs',
  start_period: 'startPeriodMs',
};

const healthcheck: Field = (reader, node, path) => {
  const check: Fields = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };
  let isOff = false;
  for (const { key, at, value } of reader.map(node, path)) {
    const here = `${path}.${key}`;
    const ms = own(checkKeys, key);
    if (ms !== undefined) Object.assign(check, word(ms, msFrom)(reader, value, here, ''));
    else if (key === 'test') {
      const probe = probeOf(reader, value, here);
      if (probe === null) isOff = true;
      else check['probe'] = probe;
    } else if (key === 'retries') check['retries'] = Number(reader.text(value, here));
    else if (key === 'disable') isOff = reader.text(value, here) === 'true';
    else reader.refuse(at, here, unknown(key));
  }
  if (isOff) return { healthCheck: null };
  return 'probe' in check
    ? { healthCheck: check }
    : reader.refuse(node, path, 'has no test: a check of the image’s own is not known here');
};

const dependsOn: Field = (reader, node, path) => {
  if (node.kind === 'list') {
    return {
      dependsOn: node.items.flatMap((item, at) => reader.text(item, `${path}[${at}]`) ?? []),
    };
  }
  const entries = reader.map(node, path);
  for (const { key, value } of entries) {
    const { condition = 'service_started' } = texts(reader, value, `${path}.${key}`, ['condition']);
    if (!['service_started', 'service_healthy'].includes(condition)) {
      reader.refuse(
        value,
        `${path}.${key}`,
        'waits for a container that ends; those of a bundle run on',
      );
    }
  }
  return { dependsOn: entries.map(({ key }) => key) };
};

const limits: Field = (reader, node, path) => {
  const found: Fields = {};
  for (const { key, at, value } of reader.map(node, path)) {
    const here = `${path}.${key}`;
    const field = key === 'memory' ? memory : key === 'cpus' ? cpus : null;
    if (field === null) reader.refuse(at, here, unknown(key));
    else Object.assign(found, field(reader, value, here, ''));
  }
  return found;
};
/** Goes down one key of a mapping that may have no other. */
const only =
  (key: string, inner: Field): Field =>
  (reader, node, path, to) => {
    const found: Fields = {};
    for (const { key: given, at, value } of reader.map(node, path)) {
      if (given === key) Object.assign(found, inner(reader, value, `${path}.${key}`, to));
      else reader.refuse(at, `${path}.${given}`, unknown(given));
    }
    return found;
  };

const memory = word('memoryBytes', bytesFrom);
const cpus = word('cpus', (text) =>
  Number.isFinite(Number(text)) ? { value: Number(text) } : { refused: 'must be a number' },
);

/** Which fields of a manifest a key of a service is about, to find a fault's place again. */
const fieldsFor = (
  images: Readonly<Record<string, string>>,
  declared: ReadonlySet<string>,
  secrets: ReadonlyMap<string, string>,
): Record<string, { field: Field; about: readonly string[] }> => ({
  image: { field: word('image', (text) => imageFrom(text, images)), about: ['image'] },
  command: { field: commandField('command'), about: ['command'] },
  entrypoint: { field: commandField('entrypoint'), about: ['entrypoint'] },
  environment: { field: environment, about: ['environment'] },
  ports: { field: ports, about: ['ports'] },
  volumes: { field: volumes(declared), about: ['mounts'] },
  secrets: { field: secretFilesField(secrets), about: ['secretFiles'] },
  restart: { field: restart, about: ['restart'] },
  mem_limit: { field: memory, about: ['memoryBytes'] },
  cpus: { field: cpus, about: ['cpus'] },
  deploy: { field: only('resources', only('limits', limits)), about: ['memoryBytes', 'cpus'] },
  stop_grace_period: { field: word('stopGraceMs', msFrom), about: ['stopGraceMs'] },
  healthcheck: { field: healthcheck, about: ['healthCheck'] },
  depends_on: { field: dependsOn, about: ['dependsOn'] },
});

const isExtension = (key: string): boolean => key.startsWith('x-');
/** They say nothing about what runs. */
const meaningless = ['version', 'name'];

const namesOfVolumes = (reader: Reader, node: Placed): string[] =>
  reader.map(node, 'volumes').map(({ key, at, value }) => {
    const isPlain =
      (value.kind === 'scalar' && value.value === null) ||
      (value.kind === 'map' && value.entries.length === 0);
    if (!isPlain)
      reader.refuse(at, `volumes.${key}`, 'has options, which volumes of a bundle have not');
    return key;
  });

/** `images`: what the tags in the file stand for, by digest. */
export const translateCompose = (
  document: Placed,
  images: Readonly<Record<string, string>>,
): Translated => {
  const reader = createReader();
  const top = reader.map(document, '');
  const named = (wanted: string) => top.find(({ key }) => key === wanted)?.value;
  for (const { key, at } of top) {
    const isKnown =
      ['services', 'volumes', 'secrets', ...meaningless].includes(key) || isExtension(key);
    if (!isKnown) reader.refuse(at, key, unknown(key));
  }
  const declared = named('volumes');
  const volumeNames = new Set(declared === undefined ? [] : namesOfVolumes(reader, declared));
  const kept = named('secrets');
  const secrets = kept === undefined ? new Map<string, string>() : declaredSecrets(reader, kept);
  const fields = fieldsFor(images, volumeNames, secrets);
  const services = named('services');
  if (services === undefined) reader.refuse(document, 'services', 'there are no services');
  const entries = services === undefined ? [] : reader.map(services, 'services');
  const containers = entries.map(({ key: name, at: nameAt, value: service }, index) => {
    const path = `services.${name}`;
    const to = `containers[${index}]`;
    reader.place(to, nameAt, path);
    const container: Fields = { name, restart: 'no' };
    for (const { key, at, value } of reader.map(service, path)) {
      const here = `${path}.${key}`;
      const known = own(fields, key);
      if (known === undefined) {
        if (!isExtension(key)) reader.refuse(at, here, unknown(key));
        continue;
      }
      for (const field of known.about) reader.place(`${to}.${field}`, value, here);
      Object.assign(container, known.field(reader, value, here, to));
    }
    return container;
  });
  const { faults, places, tags } = reader;
  return { containers, faults, places, tags };
};

/** Where a finding about the containers stands in the file: at the nearest thing that is known. */
export const placeOfFinding = (
  { places }: Translated,
  finding: { path: string; message: string },
): PlacedFault => {
  let path = finding.path;
  while (path !== '') {
    const place = places.get(path);
    if (place !== undefined) return { ...place, message: finding.message };
    path = path.replace(/(?:\.[^.[\]]+|\[[^\]]*\]|^[^.[\]]+)$/, '');
  }
  return { line: 1, column: 1, path: 'services', message: finding.message };
};
