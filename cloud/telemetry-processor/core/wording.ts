/**
 * Notices in words, for people: one alone, or several folded into one message that says so. What a
 * receiver's format makes of it is in ./messages.ts. Lengths are cut here, once.
 */
import { alertSeverities as severities } from './alert-events.ts';
import type { Notice, Severity } from './notice.ts';

export type Wording = {
  title: string;
  detail: string;
  facts: [name: string, value: string][];
  /** Null when the cloud was not told its own address. */
  link: string | null;
  severity: Severity;
  /** Whether it tells the end of something. */
  isEnd: boolean;
};

const titleMax = 150;
const detailMax = 1_500;
/** Lines of a folded message; the others are counted. */
const linesMax = 10;

export const cut = (text: string, lengthMax: number): string =>
  text.length <= lengthMax
    ? text
    : `${text.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;

const linkTo = (publicUrl: string | null, path: string | null): string | null =>
  publicUrl === null || path === null ? null : new URL(path, publicUrl).href;

const severityWords: Record<Severity, string> = {
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
};

const rank = ({ about }: Notice): number =>
  about.kind === 'alert' ? severities.indexOf(about.severity) : -1;

const titleOf = ({ type, about }: Notice): string => {
  switch (about.kind) {
    case 'test':
      return 'This is a test from SignalBeam';
    case 'event':
      return type.replaceAll(/[.-]/g, ' ').replace(/^./, (first) => first.toUpperCase());
    case 'alert': {
      const words = {
        raised: severityWords[about.severity],
        escalated: `Now ${severityWords[about.severity].toLowerCase()}`,
        acknowledged: 'Acknowledged',
        resolved: 'Resolved',
      };
      return `${words[about.happening]}: ${about.title}`;
    }
  }
};

const isEnd = ({ about }: Notice): boolean =>
  about.kind === 'alert' && about.happening === 'resolved';

const factsOf = (notice: Notice): [string, string][] => {
  const { about } = notice;
  const when: [string, string] = ['Time', notice.occurredAt];
  if (about.kind === 'test') return [['Asked by', about.by], when];
  if (about.kind === 'event') return [...about.facts, when];
  const { deviceName, deviceId, deviceCount, site, ruleName } = about;
  const device = deviceName ?? deviceId;
  return [
    ['Severity', severityWords[about.severity]],
    ...(site === null ? [] : [['Site', site] as [string, string]]),
    ...(device === null ? [] : [['Device', device] as [string, string]]),
    ...(deviceCount > 1 ? [['Devices', String(deviceCount)] as [string, string]] : []),
    ['Rule', ruleName],
    when,
  ];
};

const detailOf = ({ about }: Notice): string =>
  about.kind === 'alert'
    ? about.detail
    : about.kind === 'test'
      ? 'Somebody pressed Test; nothing happened to the fleet.'
      : '';

const wordsOfOne = (notice: Notice, publicUrl: string | null): Wording => ({
  title: cut(titleOf(notice), titleMax),
  detail: cut(detailOf(notice), detailMax),
  facts: factsOf(notice).map(([name, value]) => [name, cut(value, 200)]),
  link: linkTo(publicUrl, notice.about.kind === 'test' ? null : notice.about.link),
  severity: notice.about.kind === 'alert' ? notice.about.severity : 'info',
  isEnd: isEnd(notice),
});

const countWords = (notices: readonly Notice[]): string => {
  const counts = new Map<string, number>();
  for (const { type, about } of notices) {
    const word = about.kind === 'alert' ? about.happening : type;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
};

const wordsOfSeveral = (notices: readonly Notice[], publicUrl: string | null): Wording => {
  const alerts = notices.every(({ about }) => about.kind === 'alert');
  const worstFirst = notices.toSorted((one, other) => rank(other) - rank(one));
  const more = notices.length - linesMax;
  const lines = worstFirst.slice(0, linesMax).map((notice) => `• ${cut(titleOf(notice), 120)}`);
  return {
    title: `${notices.length} ${alerts ? 'alerts' : 'notifications'} at once: ${cut(countWords(notices), 80)}`,
    detail: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    facts: [],
    link: linkTo(publicUrl, alerts ? '/alerts' : '/'),
    severity: severities[Math.max(0, ...notices.map(rank))] ?? 'info',
    isEnd: notices.every(isEnd),
  };
};

/** `publicUrl` is where the console is; null: unknown, and nothing is linked. */
export const wordsOf = (notices: readonly Notice[], publicUrl: string | null): Wording => {
  const [first, second] = notices;
  if (first === undefined) throw new Error('a message tells of something');
  return second === undefined ? wordsOfOne(first, publicUrl) : wordsOfSeveral(notices, publicUrl);
};
