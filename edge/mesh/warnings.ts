/**
 * What the mesh warns of, for people: a line in the log, and for a cloned identity, which only a
 * person can end, an event. Each kind is told once an hour for each device; the newest few are
 * shown with the site.
 */
import type { WarnCode } from '@signalbeam/sync/mesh/mesh';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import type { Log } from '../link/up.ts';

export type SiteWarning = { code: WarnCode; deviceId: string; text: string; at: number };

export type SiteWarnings = {
  take(code: WarnCode, deviceId: string): void;
  /** Newest first. */
  recent(): readonly SiteWarning[];
};

const againMs = 3_600_000;
const shownMax = 8;
const toldMax = 1_024;

const texts: Record<WarnCode, (name: string) => string> = {
  'cloned-identity': (name) =>
    `Two machines use the identity of ${name}. One of them is a copy: register one of them anew.`,
  'forged-claim': (name) =>
    `Somebody with the site key spoke in the name of ${name}; it was not believed.`,
  'unknown-member': (name) =>
    `${name} has the site key and is not in the roster; it was not believed.`,
  'empty-promise': (name) => `${name} says that it has records which it does not deliver.`,
};

export const createSiteWarnings = (parts: {
  nameOf: (deviceId: string) => string;
  appendEvent: (event: EventBody) => void;
  now: () => number;
  log: Log;
}): SiteWarnings => {
  const told = new Map<string, number>();
  let recent: readonly SiteWarning[] = [];
  return {
    take: (code, deviceId) => {
      const at = parts.now();
      const text = texts[code](parts.nameOf(deviceId));
      const others = recent.filter((each) => each.code !== code || each.deviceId !== deviceId);
      recent = [{ code, deviceId, text, at }, ...others].slice(0, shownMax);
      const key = `${code} ${deviceId}`;
      if (Math.abs(at - (told.get(key) ?? Number.NEGATIVE_INFINITY)) < againMs) return;
      if (told.size >= toldMax) told.clear();
      told.set(key, at);
      parts.log('warn', text, { code, deviceId });
      if (code !== 'cloned-identity') return;
      const data = { code, deviceId };
      parts.appendEvent({ type: code, severity: 'warning', message: text, data });
    },
    recent: () => recent,
  };
};
