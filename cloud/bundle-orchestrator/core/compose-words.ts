/**
 * The small languages inside compose files: ports, volumes, sizes, times, images. Each gives what it
 * means in a manifest, or a sentence that says why it can't be one. Pure.
 */
export type Read<T> = { value: T } | { refused: string; tag?: string };

type Port = { containerPort: number; hostPort: number; protocol: string; hostAddress: string };

/** `[address:]host:container[/protocol]` */
export const portFrom = (text: string): Read<Port> => {
  const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) {
    return {
      refused: /^\d+(\/\w+)?$/.test(text)
        ? 'names no port of the host: write HOST:CONTAINER'
        : 'must be like 8090:8080, 127.0.0.1:8090:8080 or 53:53/udp; ranges are written one by one',
    };
  }
  const [, hostAddress = '0.0.0.0', host, container, protocol = 'tcp'] = match;
  return {
    value: { containerPort: Number(container), hostPort: Number(host), protocol, hostAddress },
  };
};

type Mount =
  | { kind: 'volume'; name: string; containerPath: string; readOnly: boolean }
  | { kind: 'bind'; hostPath: string; containerPath: string; readOnly: boolean };

export const mountOf = (source: string, containerPath: string, readOnly: boolean): Read<Mount> => {
  if (source.startsWith('/')) {
    return { value: { kind: 'bind', hostPath: source, containerPath, readOnly } };
  }
  if (/^[.~]|\//.test(source)) {
    return { refused: 'a path beside the compose file is not on the device; use a volume' };
  }
  return { value: { kind: 'volume', name: source, containerPath, readOnly } };
};

/** `source:target[:ro|rw]` */
export const mountFrom = (text: string): Read<Mount> => {
  const parts = text.split(':');
  const [source = '', target, mode = 'rw'] = parts;
  if (target === undefined) return { refused: 'names no volume: write NAME:/path' };
  if (parts.length > 3 || !['ro', 'rw'].includes(mode)) {
    return { refused: 'must be NAME:/path or /host/path:/path, with :ro or :rw' };
  }
  return mountOf(source, target, mode === 'ro');
};

const sizes: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export const bytesFrom = (value: string | number): Read<number> => {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg])?b?$/i.exec(String(value));
  if (match === null) return { refused: 'must be a size such as 512m or 1g' };
  return { value: Math.round(Number(match[1]) * (sizes[(match[2] ?? 'b').toLowerCase()] ?? 1)) };
};

const times: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export const msFrom = (text: string): Read<number> => {
  if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/.test(text)) {
    return { refused: 'must be a time such as 30s or 1m30s' };
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)];
  const sum = parts.reduce(
    (total, [, count, unit]) => total + Number(count) * (times[unit ?? ''] ?? 0),
    0,
  );
  return { value: Math.round(sum) };
};

/** A command in one line, as far as it needs no shell: words parted by spaces. */
export const wordsFrom = (text: string): Read<string[]> =>
  /["'\\`|&;<>(){}*?\n]/.test(text)
    ? { refused: 'needs a shell to be read: write it as a list, such as ["sh", "-c", "…"]' }
    : { value: text.split(/\s+/).filter((word) => word !== '') };

/** As an engine reads a name without a registry. */
const wholeNameOf = (name: string): string => {
  const parts = name.split('/');
  const first = parts[0] ?? '';
  const isRegistry = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost');
  return isRegistry ? name : `docker.io/${parts.length === 1 ? 'library/' : ''}${name}`;
};

/**
 * The image by its digest, written out as an engine reads it. `known`: what was said that tags stand
 * for. A tag beside a digest is left out, because the digest alone decides.
 */
export const imageFrom = (text: string, known: Readonly<Record<string, string>>): Read<string> => {
  const latest = text.replace(/^(?:.*\/)?[^:@/]+$/, '$&:latest');
  const said = [text, latest].find((key) => Object.hasOwn(known, key));
  const named = said === undefined ? text : (known[said] ?? '');
  const [place = '', digest] = named.split('@');
  const untagged = place.replace(/:[^:/]*$/, '');
  const whole = wholeNameOf(untagged);
  if (digest !== undefined) return { value: `${whole}@${digest}` };
  const tag = place === untagged ? 'latest' : place.slice(untagged.length + 1);
  return {
    refused: `${text} is named by a tag, which moves. Have its registry asked what that stands for now, or write it: ${whole}@sha256:…, as docker buildx imagetools inspect ${whole}:${tag} shows it`,
    tag: `${untagged}:${tag}`,
  };
};

/** Variables are filled in by whoever runs compose, and nobody runs it here; `$$` is a dollar sign. */
export const plainFrom = (text: string): Read<string> =>
  /\$[A-Za-z_{]/.test(text.replaceAll('$$', ''))
    ? {
        refused:
          'has a variable, which nobody fills in here: write its value ($$ is a dollar sign)',
      }
    : { value: text.replaceAll('$$', '$') };
