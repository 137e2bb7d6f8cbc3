/**
 * Sends a message on a channel of any kind: which shape, which address, which proof of who sends it.
 * Answers in one way for all of them, in words that hold no secret.
 */

import { sendMail } from '@signalbeam/platform/outside/mail';
import type { Reach } from '@signalbeam/platform/outside/reach';
import {
  emailMessage,
  pagerdutyEvent,
  slackMessage,
  teamsMessage,
  webhookBody,
} from '../core/messages.ts';
import type { Notice } from '../core/notice.ts';
import type { Outcome } from '../core/sending.ts';
import { type Target, withoutSecrets } from './channel.ts';
import { post } from './post.ts';
import { signatureHeaders } from './signature.ts';

export type Message = {
  /** The same whenever this is tried again. */
  id: string;
  notices: readonly Notice[];
  /** Of PagerDuty: what makes a trigger and its resolve one incident. */
  incidentKey: string | null;
};

export type SendParts = {
  reach: Reach;
  /** Where the console is, for links. */
  publicUrl: string | null;
  now: () => number;
  /** Of tests that wait for nobody. */
  msMax?: number;
};
export type SendMessage = (target: Target, message: Message) => Promise<Outcome>;

const sendTo = (parts: SendParts, target: Target, message: Message): Promise<Outcome> => {
  const { reach, publicUrl, msMax } = parts;
  const { notices } = message;
  const now = parts.now();
  const bounds = msMax === undefined ? {} : { msMax };
  const postJson = (url: string, json: unknown): Promise<Outcome> =>
    post({ url: new URL(url), body: JSON.stringify(json) }, { reach, now, ...bounds });
  switch (target.kind) {
    case 'email': {
      const { settings, secrets } = target;
      const mail = { id: message.id, ...emailMessage(notices, publicUrl) };
      return sendMail(mail, { settings, password: secrets.password, reach, ...bounds });
    }
    case 'slack':
      return postJson(target.secrets.url, slackMessage(notices, publicUrl));
    case 'teams':
      return postJson(target.secrets.url, teamsMessage(notices, publicUrl));
    case 'pagerduty':
      return postJson(target.settings.url, {
        routing_key: target.secrets.routingKey,
        ...pagerdutyEvent(notices, publicUrl, message.incidentKey),
      });
    case 'webhook': {
      const body = JSON.stringify(webhookBody(notices));
      const headers = signatureHeaders(target.secrets.keys, { id: message.id, body }, now);
      const url = new URL(target.secrets.url);
      return post({ url, body, headers }, { reach, now, ...bounds });
    }
  }
};

/** Kept of what a receiver said. */
const saidMax = 300;

/** One line without what would harm a log or a page; secrets go first, so that none is cut in two. */
const shown = (target: Target, text: string): string =>
  withoutSecrets(target, text)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffd]+/gu, ' ')
    .trim()
    .slice(0, saidMax)
    .replace(/[\ud800-\udbff]$/, '');

export const createSend =
  (parts: SendParts): SendMessage =>
  async (target, message) => {
    const outcome = await sendTo(parts, target, message);
    return outcome.kind === 'delivered'
      ? { ...outcome, answer: shown(target, outcome.answer) }
      : { ...outcome, reason: shown(target, outcome.reason) };
  };
