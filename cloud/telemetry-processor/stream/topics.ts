/**
 * Which live messages a client of `/api/stream` gets, and under which event name. Pure: from a
 * message's type and ids only. Without topics a client gets everything but metrics, which are sent
 * for devices somebody looks at.
 */
export type StreamEvent = 'device' | 'rollout' | 'alert' | 'metrics' | 'reported' | 'event';
export type Topics = {
  /** All devices of the tenant: presence, registration, reports. */
  devices: boolean;
  /** One device, with its metrics and events. */
  device: ReadonlySet<string>;
  rollouts: boolean;
  rollout: ReadonlySet<string>;
  alerts: boolean;
};

export const liveTypes = { metrics: 'device.metrics', beat: 'device.beat' } as const;
const topicsMax = 100;
const whole = ['devices', 'rollouts', 'alerts'];
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `devices,device:<id>,rollout:<id>,alerts` → topics, or null when a word in it is none. */
export const parseTopics = (text: string | undefined): Topics | null => {
  const device = new Set<string>();
  const rollout = new Set<string>();
  const words = text === undefined || text === '' ? whole : text.split(',');
  if (words.length > topicsMax) return null;
  for (const word of words) {
    const [kind, id, more] = word.split(':');
    if (id === undefined && kind !== undefined && whole.includes(kind)) continue;
    if (id === undefined || more !== undefined || !uuid.test(id)) return null;
    if (kind === 'device') device.add(id);
    else if (kind === 'rollout') rollout.add(id);
    else return null;
  }
  return {
    devices: words.includes('devices'),
    device,
    rollouts: words.includes('rollouts'),
    rollout,
    alerts: words.includes('alerts'),
  };
};

const eventOf = (type: string): StreamEvent | null => {
  if (type === liveTypes.metrics) return 'metrics';
  if (type === 'device.reported') return 'reported';
  if (type === 'device.event') return 'event';
  if (type.startsWith('device.')) return 'device';
  if (type.startsWith('rollout.')) return 'rollout';
  if (type.startsWith('alert.')) return 'alert';
  return null;
};

const idOf = (data: unknown, key: string): string => {
  if (typeof data !== 'object' || data === null) return '';
  const value: unknown = Reflect.get(data, key) ?? Reflect.get(data, 'id');
  return typeof value === 'string' ? value : '';
};

/** The event's name for a client with these topics, or null when it is not for it. */
export const wantedEvent = (
  message: { type: string; data: unknown },
  topics: Topics,
): StreamEvent | null => {
  const event = eventOf(message.type);
  if (event === null) return null;
  if (event === 'rollout') {
    return topics.rollouts || topics.rollout.has(idOf(message.data, 'rolloutId')) ? event : null;
  }
  if (event === 'alert') return topics.alerts ? event : null;
  if (topics.device.has(idOf(message.data, 'deviceId'))) return event;
  return topics.devices && event !== 'metrics' ? event : null;
};
