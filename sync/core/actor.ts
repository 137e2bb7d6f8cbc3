/**
 * Who did something, as people read it. The cloud names everybody by what they are and are called
 * (`user:ada@plant.example`, `service-account:ci`), and who acts for another by both, with `via`.
 * Not for comparing: that is done with the cloud's own words.
 */
const words: Record<string, string> = {
  user: '',
  'service-account': 'service account ',
  'registration-token': 'token ',
  device: 'device ',
  oidc: 'the provider ',
};

const nameOf = (actor: string): string => {
  if (actor === 'system') return 'the cloud itself';
  const colon = actor.indexOf(':');
  const kind = words[actor.slice(0, Math.max(0, colon))];
  return kind === undefined ? actor : `${kind}${actor.slice(colon + 1)}`;
};

export const nameOfActor = (actor: string): string =>
  actor.split(' via ').map(nameOf).join(' via ');
