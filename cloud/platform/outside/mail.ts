/**
 * One message to an SMTP server: to the address that was judged, over TLS unless that network was
 * named by the installation, and bounded in time as a whole, so a server that drips holds up nothing.
 */
import { connect, isIP, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { findHost, isNamed, type Reach } from './reach.ts';
import { whyUnreachable } from './unreachable.ts';

export const mailMsMax = 12_000;
const responseBytesMax = 16 * 1024;

/** A server, as whom it is spoken to, and from whom to whom. */
export type MailSettings = {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username: string | null;
  from: string;
  to: readonly string[];
};

export type MailOutcome =
  | { kind: 'delivered'; answer: string }
  /** This message will never be taken; the next may be. */
  | { kind: 'refused'; reason: string }
  /** The server does not take any now. */
  | { kind: 'failed'; reason: string };

export type Mail = {
  /** The same for every attempt, so that servers can know a repeat. */
  id: string;
  subject: string;
  text: string;
  /** Null: text alone. */
  html: string | null;
  thread: string | null;
};

const open = (host: string, port: number, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const stop = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    socket.once('connect', () => resolve(socket));
    // Stays: a connection that breaks later is told of by whoever uses it.
    socket.on('error', reject);
  });

type SmtpError = { code?: string; responseCode?: number; response?: string };

const failureOf = (error: unknown, signal: AbortSignal): MailOutcome => {
  const { code, responseCode, response } = (error ?? {}) as SmtpError;
  if (signal.aborted) return { kind: 'failed', reason: 'It did not answer in time.' };
  if (code === 'ETLS') {
    return { kind: 'failed', reason: 'The server does not offer TLS that can be trusted.' };
  }
  if (responseCode === undefined) {
    return {
      kind: 'failed',
      reason: whyUnreachable((error as { cause?: unknown })?.cause ?? error),
    };
  }
  const said = response ?? String(responseCode);
  // Who may send can be set right while it is tried again; a message that is refused stays refused.
  const refused = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { kind: refused ? 'refused' : 'failed', reason: `SMTP ${said}` };
};

const deliver = async (
  socket: Socket,
  server: { settings: MailSettings; password: string | null; reach: Reach },
  mail: Mail,
): Promise<MailOutcome> => {
  const { settings, password, reach } = server;
  const { host, port, security, username, from, to } = settings;
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const transport = createTransport({
    ...{ connection: socket, host, port, secure: security === 'tls', logger: false },
    ...(security === 'starttls' ? { requireTLS: true } : {}),
    ...(security === 'none' ? { ignoreTLS: true } : {}),
    ...(username === null ? {} : { auth: { user: username, pass: password ?? '' } }),
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(reach.ca === undefined ? {} : { ca: reach.ca }),
    },
    ...{ disableFileAccess: true, disableUrlAccess: true, maxResponseSize: responseBytesMax },
  });
  try {
    const sent = await transport.sendMail({
      ...{ from, to: [...to], subject: mail.subject, text: mail.text },
      ...(mail.html === null ? {} : { html: mail.html }),
      messageId: `<${mail.id}@${domain}>`,
      ...(mail.thread === null ? {} : { references: `<alert-${mail.thread}@${domain}>` }),
      headers: { 'auto-submitted': 'auto-generated' },
    });
    const missed = sent.rejected;
    const note = missed.length === 0 ? '' : ` Not taken for ${missed.join(', ')}.`;
    return { kind: 'delivered', answer: `SMTP ${sent.response}${note}` };
  } finally {
    transport.close();
    socket.destroy();
  }
};

export const sendMail = async (
  mail: Mail,
  server: { settings: MailSettings; password: string | null; reach: Reach; msMax?: number },
): Promise<MailOutcome> => {
  const { settings, reach, msMax = mailMsMax } = server;
  const found = await findHost(settings.host, reach);
  if (found.kind === 'unreachable') return { kind: 'failed', reason: found.reason };
  if (settings.security === 'none' && !isNamed(found.address, reach)) {
    return { kind: 'failed', reason: 'Without TLS only servers in named networks are reached.' };
  }
  const signal = AbortSignal.timeout(msMax);
  try {
    return await deliver(await open(found.address, settings.port, signal), server, mail);
  } catch (error) {
    return failureOf(error, signal);
  }
};
