/**
 * A version being written: the JSON is the truth, the form shows and changes the common fields of
 * its first container, and each finding of the server belongs to one place. Pure.
 */
import { wordsIn } from './format.ts';
import type { FieldError } from './request.ts';

export const draftFields = ['version', 'image', 'ports', 'restart', 'json'] as const;
export type DraftField = (typeof draftFields)[number];
export type FirstContainer = { image: string; ports: string; restart: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const containersIn = (text: string): Record<string, unknown>[] | null => {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) && read.every(isRecord) ? read : null;
  } catch {
    return null;
  }
};

const portText = (port: unknown): string =>
  isRecord(port) ? `${port['hostPort'] ?? ''}:${port['containerPort'] ?? ''}` : '';
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Null when the JSON can't be read: then the form has nothing to show or change. */
export const firstContainer = (draft: string): FirstContainer | null => {
  const first = containersIn(draft)?.[0];
  if (first === undefined) return null;
  const ports = Array.isArray(first['ports']) ? first['ports'] : [];
  return {
    image: text(first['image']),
    ports: ports.map(portText).join(', '),
    restart: text(first['restart']),
  };
};

/** The draft with these keys of its first container replaced; all else as it was. */
export const changeFirst = (draft: string, change: Record<string, unknown>): string | null => {
  const containers = containersIn(draft);
  const [first, ...others] = containers ?? [];
  if (first === undefined) return null;
  return JSON.stringify([{ ...first, ...change }, ...others], null, 2);
};

/** `8090:8080, 53:53/udp` → ports; null when a part is not like that. */
export const portsFrom = (
  typed: string,
): { hostPort: number; containerPort: number; protocol: 'tcp' | 'udp' }[] | null => {
  const parts = wordsIn(typed).map((part) => /^(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(part));
  if (parts.some((part) => part === null)) return null;
  return parts.flatMap((part) =>
    part === null
      ? []
      : [
          {
            hostPort: Number(part[1]),
            containerPort: Number(part[2]),
            protocol: part[3] === 'udp' ? 'udp' : 'tcp',
          },
        ],
  );
};

/** Where a finding is shown: at the form's field if it has one, else at the JSON. */
export const fieldOf = (path: string): DraftField => {
  if (path === 'version') return 'version';
  const key = /^containers\[0\]\.(image|ports|restart)\b/.exec(path)?.[1];
  return draftFields.find((field) => field === key) ?? 'json';
};

export const findingsAt = (findings: readonly FieldError[], field: DraftField): FieldError[] =>
  findings.filter(({ path }) => fieldOf(path) === field);

/** The line of the JSON a syntax error points at, in the words people count in. */
export const syntaxFinding = (draft: string, cause: unknown): FieldError => {
  const message = cause instanceof Error ? cause.message : String(cause);
  const at = /position (\d+)/.exec(message)?.[1];
  const line = at === undefined ? null : draft.slice(0, Number(at)).split('\n').length;
  return { path: line === null ? 'JSON' : `line ${line}`, message };
};

/** `1.4.0` → `1.4.1`: a proposal, nothing more. */
export const nextVersion = (version: string): string => {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  return parts === null ? '' : `${parts[1]}.${parts[2]}.${Number(parts[3]) + 1}`;
};
