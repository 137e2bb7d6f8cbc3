/**
 * Receivers of notifications for tests, on loopback: an HTTP server that keeps what it was sent and
 * answers as it is told, and a real SMTP server with STARTTLS and sign-in. Both speak TLS with a
 * certificate of their own authority.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import { SMTPServer } from 'smtp-server';

export type Certificate = { cert: string; key: string };

/** Self-signed, for localhost. */
export const makeCertificate = async (): Promise<Certificate> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const body = pkcs8.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    cert: made.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
  };
};

export type Posted = { path: string; headers: IncomingHttpHeaders; body: string };
export type HttpReceiver = {
  url: string;
  posts: Posted[];
  connections: () => number;
  answer: (how: (response: ServerResponse, posted: Posted) => void) => void;
  close: () => Promise<void>;
};

export const takes = (response: ServerResponse): void => void response.end('ok');

export const openHttpReceiver = async (tls?: Certificate): Promise<HttpReceiver> => {
  const posts: Posted[] = [];
  let how: (response: ServerResponse, posted: Posted) => void = takes;
  let connections = 0;
  const server = tls === undefined ? createHttp() : createHttps(tls);
  server.on('connection', () => {
    connections += 1;
  });
  server.on('request', (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const posted = { path, headers, body: Buffer.concat(parts).toString('utf8') };
      posts.push(posted);
      how(response, posted);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    posts,
    connections: () => connections,
    answer: (next) => {
      how = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export type SmtpReceiver = {
  port: number;
  mails: { from: string; to: string[]; user: string | undefined; secure: boolean; text: string }[];
  connections: () => number;
  /** What it says to a message; null takes it, undefined says nothing. */
  answer: (how: { code: number; text: string } | null | undefined) => void;
  close: () => Promise<void>;
};

export const openSmtpReceiver = async (options: {
  tls: Certificate;
  user: string;
  password: string;
}): Promise<SmtpReceiver> => {
  const mails: SmtpReceiver['mails'] = [];
  let how: { code: number; text: string } | null | undefined = null;
  let connections = 0;
  const server = new SMTPServer({
    ...options.tls,
    ...{ authOptional: false, disableReverseLookup: true, closeTimeout: 100 },
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onAuth: ({ username, password }, _session, done) =>
      username === options.user && password === options.password
        ? done(null, { user: username })
        : done(new Error('Invalid user or password')),
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        if (how === undefined) return;
        if (how !== null) {
          done(Object.assign(new Error(how.text), { responseCode: how.code }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user as string | undefined,
          secure: session.secure,
          text: Buffer.concat(parts).toString('utf8'),
        });
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    connections: () => connections,
    answer: (next) => {
      how = next;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
