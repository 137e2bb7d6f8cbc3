/**
 * Silences and maintenance windows: who is not told, of what, until when. They hold back telling,
 * never recording, and every one ends. Pure: time zones are looked up, the clock is handed in.
 */
export type Weekly = {
  /** 0 is Sunday. */
  days: number[];
  /** `02:30`, where the time zone's clocks say so. */
  from: string;
  minutes: number;
  /** IANA: `Europe/Oslo`. */
  timeZone: string;
};

export type Silence = {
  deviceId: string | null;
  site: string | null;
  groupId: string | null;
  /** `ring=canary`, or a bare word. */
  tag: string | null;
  ruleId: string | null;
  startsAtMs: number;
  endsAtMs: number;
  /** A maintenance window: it holds in these hours only. */
  weekly: Weekly | null;
};

/** What an alert is about, as far as silences can name it. */
export type Subject = {
  ruleId: string;
  deviceId: string | null;
  site: string | null;
  groupIds: readonly string[];
  tags: readonly string[];
};

const dayMinutes = 24 * 60;
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Day of the week and minute of the day, where the time zone's clocks stand. */
const localTime = (ms: number, timeZone: string): { day: number; minute: number } => {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(ms);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return {
    day: weekdays.indexOf(of('weekday')),
    minute: Number(of('hour')) * 60 + Number(of('minute')),
  };
};

const isInWeekly = (weekly: Weekly, nowMs: number): boolean => {
  const { day, minute } = localTime(nowMs, weekly.timeZone);
  const [hour = 0, past = 0] = weekly.from.split(':').map(Number);
  const start = hour * 60 + past;
  // One that began yesterday may still be open.
  return [0, 1].some((daysAgo) => {
    const began = (day + 7 - daysAgo) % 7;
    const elapsed = minute + daysAgo * dayMinutes - start;
    return weekly.days.includes(began) && elapsed >= 0 && elapsed < weekly.minutes;
  });
};

export const isInForce = (
  silence: Pick<Silence, 'startsAtMs' | 'endsAtMs' | 'weekly'>,
  nowMs: number,
): boolean =>
  silence.startsAtMs <= nowMs &&
  nowMs < silence.endsAtMs &&
  (silence.weekly === null || isInWeekly(silence.weekly, nowMs));

/** All that a silence names must fit; what it does not name, it leaves open. */
const covers = (silence: Silence, subject: Subject): boolean =>
  (silence.ruleId === null || silence.ruleId === subject.ruleId) &&
  (silence.deviceId === null || silence.deviceId === subject.deviceId) &&
  (silence.site === null || silence.site === subject.site) &&
  (silence.groupId === null || subject.groupIds.includes(silence.groupId)) &&
  (silence.tag === null || subject.tags.includes(silence.tag));

export const isSilenced = (
  silences: readonly Silence[],
  subject: Subject,
  nowMs: number,
): boolean => silences.some((silence) => covers(silence, subject) && isInForce(silence, nowMs));
