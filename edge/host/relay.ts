/**
 * The way to the cloud for the little that a device must be able to ask from anywhere: to be
 * registered, and how its enrolment stands. Through the relay that was named, then by its own
 * network, then through any device of the site that it can find. The first that answers is heard;
 * what it says is believed no further than an answer of the cloud would be.
 */
import { type Ask, httpAsk } from '../link/http-ask.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';

/** Each may cost its deadline where nobody listens. */
const relaysMax = 4;

export const askAnyWay =
  (parts: {
    relay: PeerAddress | undefined;
    /** Where other devices of the site were, best first. */
    others: () => readonly PeerAddress[];
    seed: string;
  }): Ask =>
  async (url, asked) => {
    const through = async (address: PeerAddress): ReturnType<Ask> =>
      (await relayTo(parts.seed, address))(url, asked);
    const ways = [
      ...(parts.relay === undefined ? [] : [() => through(parts.relay as PeerAddress)]),
      () => httpAsk(url, asked),
      ...parts
        .others()
        .slice(0, relaysMax)
        .map((address) => () => through(address)),
    ];
    let failure: unknown;
    for (const way of ways) {
      try {
        return await way();
      } catch (cause) {
        failure ??= cause;
        if (asked.signal?.aborted === true) break;
      }
    }
    throw failure;
  };

/** Nothing of it is loaded before a relay is needed. */
const relayTo = async (seed: string, address: PeerAddress): Promise<Ask> => {
  const { createDeviceCertificate } = await import('../mesh/certificate.ts');
  const { createRelayFetch } = await import('../mesh/relay-fetch.ts');
  return createRelayFetch({ address, own: createDeviceCertificate(seed) });
};
