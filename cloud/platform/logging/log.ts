/**
 * The log: one JSON object a line on standard output. Anything that could be a secret is cut by
 * name before it is written, whoever logs it.
 */

import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { currentTraceId } from '../tracing/trace.ts';

export type Logger = Pick<
  PinoLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'
>;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

const secretNames = [
  'authorization',
  'cookie',
  'password',
  'token',
  'apiKey',
  'secret',
  'seed',
  'privateKey',
  'registrationToken',
  'connectionString',
  'x-api-key',
  'set-cookie',
];

const redacted = secretNames.flatMap((name) => {
  const key = name.includes('-') ? `["${name}"]` : `.${name}`;
  return [name.includes('-') ? `["${name}"]` : name, `*${key}`, `*.*${key}`];
});

// pg puts the rows it could not insert, and URLs their passwords, into an error: name it only.
const errorFields = (error: Error): object => ({
  type: error.name,
  message: error.message.replace(/(\w+:\/\/[^:/@\s]*):[^@\s]*@/g, '$1:***@'),
  ...('code' in error ? { code: error.code } : {}),
  stack: error.stack?.split('\n').slice(1, 12).join('\n'),
  ...(error.cause instanceof Error ? { cause: errorFields(error.cause) } : {}),
});

const serializeError = (error: unknown): unknown =>
  error instanceof Error ? errorFields(error) : error;

export const createLog = (options: {
  name: string;
  level?: LogLevel;
  destination?: DestinationStream;
}): Logger => {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    redact: { paths: redacted, censor: '[cut]' },
    serializers: { error: serializeError, err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    // So that a line is found from its trace, and the trace from a line.
    mixin: () => {
      const traceId = currentTraceId();
      return traceId === undefined ? {} : { traceId };
    },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
};
