/** Channels of notifications and what was sent on them, as the console asks for them. */
import type { Ask } from './request.ts';

export const channelKinds = ['email', 'slack', 'teams', 'pagerduty', 'webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];
export const severities = ['info', 'warning', 'critical'] as const;
export const happenings = ['raised', 'escalated', 'acknowledged', 'resolved'] as const;
export const deliveryStatuses = ['waiting', 'delivered', 'given-up', 'passed-over'] as const;

export type Hears = {
  alerts: { severities: string[]; happenings: string[]; sites: string[] | null } | null;
  events: string[];
};
export type ChannelSettings = {
  host?: string;
  port?: number;
  security?: 'starttls' | 'tls' | 'none';
  username?: string | null;
  from?: string;
  to?: string[];
  origin?: string;
  url?: string;
};
export type Channel = {
  id: string;
  name: string;
  kind: ChannelKind;
  enabled: boolean;
  hears: Hears;
  settings: ChannelSettings;
  health: {
    state: 'untried' | 'working' | 'failing' | 'paused';
    failingSince: string | null;
    reason: string | null;
    nextAttemptAt: string | null;
    lastDeliveredAt: string | null;
    waiting: number;
    dropped: number;
  };
};
export type ChannelWish = {
  kind: ChannelKind;
  name: string;
  enabled: boolean;
  hears: Hears;
  settings: ChannelSettings & { password?: string; routingKey?: string };
};
export type Delivery = {
  id: string;
  channelId: string;
  channelName: string;
  title: string;
  site: string | null;
  status: (typeof deliveryStatuses)[number];
  attempts: number;
  queuedAt: string;
  nextAttemptAt: string | null;
  folded: number | null;
  reason: string | null;
  answer: string | null;
};
export type TestAnswer = {
  outcome: 'delivered' | 'refused' | 'failed';
  said: string;
  tookMs: number;
};
export type DeliveryFilter = { channelId: string; status: string };

const channelsPath = '/api/notification-channels';
const pathOf = (id: string): string => `${channelsPath}/${encodeURIComponent(id)}`;

export const notificationApi = (ask: Ask) => ({
  channels: async () => (await ask<{ channels: Channel[] }>('GET', channelsPath)).channels,
  makeChannel: (wish: ChannelWish) =>
    ask<Channel & { signingKey: string | null }>('POST', channelsPath, wish),
  changeChannel: (read: Channel, wish: ChannelWish) =>
    ask<Channel>('PUT', pathOf(read.id), wish, {
      ...{ read, target: `notification-channel:${read.id}` },
    }),
  removeChannel: (id: string) => ask<null>('DELETE', pathOf(id)),
  testChannel: (id: string) => ask<TestAnswer>('POST', `${pathOf(id)}/test`),
  rotateSigningKey: (id: string) =>
    ask<{ signingKey: string; previousUntil: string }>('POST', `${pathOf(id)}/signing-key`),
  deliveries: ({ channelId, status }: DeliveryFilter, cursor: string | null) => {
    const query = new URLSearchParams({ limit: '25' });
    if (status !== '') query.set('status', status);
    if (cursor !== null) query.set('cursor', cursor);
    const list =
      channelId === '' ? '/api/notification-deliveries' : `${pathOf(channelId)}/deliveries`;
    return ask<{ deliveries: Delivery[]; nextCursor: string | null }>('GET', `${list}?${query}`);
  },
  retryDelivery: (id: string) =>
    ask<Delivery>('POST', `/api/notification-deliveries/${encodeURIComponent(id)}/retry`),
});
