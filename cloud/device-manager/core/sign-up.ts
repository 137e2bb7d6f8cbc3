/**
 * Signing up: who is sent a link, how often, and what the mail says. Whether an address is known is
 * found out by whoever sends the mail, never by who asks: all are answered alike. Pure.
 */
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const linkMs = dayMs;
/** What is counted looks back this far, so rows stay as long. */
export const countedMs = dayMs;

export const signUpLimits = {
  /** Mails to one address in an hour: somebody else's address must not be flooded. */
  ofAddress: 3,
  /** From one client address in a day. */
  ofClient: 20,
  /** Of the whole installation in a day: mails, and tenants made. */
  ofAll: 1_000,
  tenants: 100,
} as const;

export type Asked = { ofAddress: number; ofClient: number; ofAll: number };

/** `silent`: answered as all are, and nothing is sent. */
export const judgeSignUp = (asked: Asked): 'mail' | 'silent' | 'refuse' => {
  if (asked.ofClient >= signUpLimits.ofClient || asked.ofAll >= signUpLimits.ofAll) return 'refuse';
  return asked.ofAddress >= signUpLimits.ofAddress ? 'silent' : 'mail';
};

const firstRetryMs = 10_000;
const triesMax = 8;

/** When a mail that could not be sent is tried again; null: it is given up. */
export const nextTryMs = (tries: number, nowMs: number): number | null =>
  tries >= triesMax ? null : nowMs + Math.min(hourMs, firstRetryMs * 2 ** tries);

export type SignUpMail = { subject: string; text: string };

/** To somebody new, with the link; to somebody who has an account, where it is. */
export const signUpMail = (
  of: { link: string } | { known: true },
  publicUrl: string,
): SignUpMail => {
  const ignore = 'If that was not you, ignore this message; nothing happens then.';
  if ('known' in of) {
    const text = [
      'Somebody asked to sign up at SignalBeam Edge with this address. It has an account already:',
      `${publicUrl}/`,
      ignore,
    ];
    return { subject: 'You have an account at SignalBeam Edge', text: text.join('\n\n') };
  }
  const text = [
    'Somebody asked to sign up at SignalBeam Edge with this address. To go on, open this link within a day:',
    of.link,
    ignore,
  ];
  return { subject: 'Sign up at SignalBeam Edge', text: text.join('\n\n') };
};
