/**
 * Why nothing could be sent, in words, from the codes of Node's errors. Never their messages: these
 * may quote an address that is a secret.
 */
const words: Record<string, string> = {
  ECONNREFUSED: 'The connection was refused.',
  ECONNRESET: 'The connection broke off.',
  EPIPE: 'The connection broke off.',
  EHOSTUNREACH: 'The host can not be reached.',
  ENETUNREACH: 'The host can not be reached.',
  ETIMEDOUT: 'It did not answer in time.',
  EPROTO: 'It does not speak TLS there.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'It does not speak TLS there.',
};

export const whyUnreachable = (error: unknown): string => {
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return 'It did not answer in time.';
  if (code === undefined || !/^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return 'The connection failed.';
  const known = words[code];
  if (known !== undefined) return known;
  return /CERT|SIGNATURE|ALTNAME|ISSUER/.test(code)
    ? `Its certificate is not to be trusted (${code}).`
    : `The connection failed (${code}).`;
};
