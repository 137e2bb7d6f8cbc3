/**
 * Messages in the shape that each kind of receiver documents: Slack's incoming webhooks (Block Kit),
 * Teams (an Adaptive Card in a message), PagerDuty (Events API v2), our webhooks, e-mail. Text of
 * others is escaped where the format would read it as markup. Nothing here holds a secret.
 */
import type { Notice } from './notice.ts';
import { keyOfAlert } from './sending.ts';
import { cut, type Wording, wordsOf } from './wording.ts';

const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slackMessage = (notices: readonly Notice[], publicUrl: string | null) => {
  const { title, detail, facts, link } = wordsOf(notices, publicUrl);
  const context = facts.map(([name, value]) => `*${name}:* ${escapeSlack(value)}`);
  return {
    text: escapeSlack(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
      ...(detail === ''
        ? []
        : [
            {
              type: 'section',
              text: { type: 'mrkdwn', text: cut(escapeSlack(detail), 3_000), verbatim: true },
            },
          ]),
      ...(context.length === 0
        ? []
        : [
            {
              type: 'context',
              elements: [{ type: 'mrkdwn', text: cut(context.join('  ·  '), 2_000) }],
            },
          ]),
      ...(link === null
        ? []
        : [
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  text: { type: 'plain_text', text: 'Open in SignalBeam' },
                  url: link,
                },
              ],
            },
          ]),
    ],
  };
};

const cardColour = ({ severity, isEnd }: Wording): string =>
  isEnd
    ? 'Good'
    : ({ info: 'Default', warning: 'Warning', critical: 'Attention' } as const)[severity];

/** Cards know some Markdown; a backslash takes a sign's meaning away. */
const escapeCard = (text: string): string => text.replaceAll(/([\\`*_[\]#])/g, '\\$1');

/** https://adaptivecards.io/explorer/ in what Teams' Workflows take. */
export const teamsMessage = (notices: readonly Notice[], publicUrl: string | null) => {
  const wording = wordsOf(notices, publicUrl);
  const { title, detail, facts, link } = wording;
  const text = (shown: string, more: object = {}) => ({
    type: 'TextBlock',
    text: escapeCard(shown),
    wrap: true,
    ...more,
  });
  const head = { size: 'Medium', weight: 'Bolder', color: cardColour(wording) };
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            text(title, head),
            ...detail
              .split('\n')
              .filter((line) => line !== '')
              .map((line) => text(line)),
            ...(facts.length === 0
              ? []
              : [
                  {
                    type: 'FactSet',
                    facts: facts.map(([name, value]) => ({
                      title: name,
                      value: escapeCard(value),
                    })),
                  },
                ]),
          ],
          ...(link === null
            ? {}
            : { actions: [{ type: 'Action.OpenUrl', title: 'Open in SignalBeam', url: link }] }),
        },
      },
    ],
  };
};

const actionOf = ({ about }: Notice): 'trigger' | 'acknowledge' | 'resolve' => {
  if (about.kind !== 'alert') return 'trigger';
  if (about.happening === 'acknowledged') return 'acknowledge';
  return about.happening === 'resolved' ? 'resolve' : 'trigger';
};

/** https://developer.pagerduty.com/docs/events-api-v2/overview/ less the routing key, which is a secret. */
export const pagerdutyEvent = (
  notices: readonly Notice[],
  publicUrl: string | null,
  incidentKey: string | null,
) => {
  const [first] = notices;
  if (first === undefined) throw new Error('a message tells of something');
  const action = actionOf(first);
  const { about } = first;
  const dedup_key =
    incidentKey ?? (about.kind === 'alert' ? keyOfAlert(about.alertId) : `signalbeam:${first.id}`);
  if (action !== 'trigger') return { event_action: action, dedup_key };
  const { title, detail, facts, link, severity } = wordsOf(notices, publicUrl);
  const alone = about.kind === 'alert' && notices.length === 1 ? about : null;
  return {
    event_action: action,
    dedup_key,
    payload: {
      summary: cut(title, 1_024),
      source: cut(alone?.deviceName ?? alone?.site ?? 'signalbeam', 255),
      severity,
      timestamp: first.occurredAt,
      ...(alone?.site == null ? {} : { group: alone.site }),
      ...(alone === null ? {} : { class: alone.alertType }),
      custom_details: { detail, ...Object.fromEntries(facts), count: notices.length },
    },
    client: 'SignalBeam Edge',
    ...(link === null
      ? {}
      : { client_url: link, links: [{ href: link, text: 'Open in SignalBeam' }] }),
  };
};

/** Always a list: several that waited come together, each with the id by which a repeat is known. */
export const webhookBody = (notices: readonly Notice[]) => ({
  events: notices.map(({ id, type, version, occurredAt, data }) => ({
    ...{ id, type, version: version ?? 1, occurredAt, data },
  })),
});

const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** The thread of an alert: its end is shown under its beginning. */
const threadOf = (notices: readonly Notice[]): string | null => {
  const [first, second] = notices;
  return first?.about.kind === 'alert' && second === undefined ? first.about.alertId : null;
};

export const emailMessage = (notices: readonly Notice[], publicUrl: string | null) => {
  const { title, detail, facts, link } = wordsOf(notices, publicUrl);
  const lines = facts.map(([name, value]) => `${name}: ${value}`);
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return {
    subject: `[SignalBeam] ${title}`,
    text: [detail, lines.join('\n'), link ?? ''].filter((part) => part !== '').join('\n\n'),
    html: [
      `<h2>${escapeHtml(title)}</h2>`,
      `<p>${escapeHtml(detail).replaceAll('\n', '<br>')}</p>`,
      rows.length === 0 ? '' : `<table cellpadding="4">${rows.join('')}</table>`,
      link === null ? '' : `<p><a href="${escapeHtml(link)}">Open in SignalBeam</a></p>`,
    ].join(''),
    thread: threadOf(notices),
  };
};
