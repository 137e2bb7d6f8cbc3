/**
 * Whether an answer sends on to another address, and with what. A cloud may keep blobs elsewhere and
 * send there by a link that is signed for a while. Only reading is sent on, never to a weaker scheme,
 * and what proves who asks stays with the origin that it was meant for.
 */
const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that say what is wanted, not who wants it; another origin gets no others. */
const carried: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'range']);

export type Redirect = { url: URL; headers: Readonly<Record<string, string>> };

/** Null: the answer is what there is. */
export const redirectOf = (
  asked: { method: string; url: URL; headers: Readonly<Record<string, string>> },
  reply: { status: number; location: string | null },
): Redirect | null => {
  if (asked.method !== 'GET' || !statuses.has(reply.status) || reply.location === null) return null;
  const url = URL.parse(reply.location, asked.url.href);
  // A name and password in the link would be sent on as credentials.
  if (url === null || url.username !== '' || url.password !== '') return null;
  if (url.protocol !== 'https:' && url.protocol !== asked.url.protocol) return null;
  if (url.origin === asked.url.origin) return { url, headers: asked.headers };
  const kept = Object.entries(asked.headers).filter(([name]) => carried.has(name.toLowerCase()));
  return { url, headers: Object.fromEntries(kept) };
};
