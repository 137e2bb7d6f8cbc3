/** The way to the cloud before there is one: through a device of the site that was named. */
import type { Ask } from '../link/http-ask.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';

/** Nothing of it is loaded where no relay was named. */
export const relayOf = async (
  { relay }: { relay?: PeerAddress | undefined },
  seed: string,
): Promise<{ fetch?: Ask }> => {
  if (relay === undefined) return {};
  const { createDeviceCertificate } = await import('../mesh/certificate.ts');
  const { createRelayFetch } = await import('../mesh/relay-fetch.ts');
  return { fetch: createRelayFetch({ address: relay, own: createDeviceCertificate(seed) }) };
};
