/**
 * Looking at a container's log from afar: what travels, how much of it at most, and why it ends.
 * Pure data. The device's part is edge/core/log-session.ts, the cloud's
 * cloud/telemetry-processor/core/log-watch.ts.
 */

/** What happened to the container, told between its lines. */
export const logNotes = ['stopped', 'started', 'replaced', 'engine-away'] as const;
export type LogNote = (typeof logNotes)[number];

/** Why a device ends a session. */
export const logEnds = [
  /** All that was asked for was sent, and nothing more was to be followed. */
  'complete',
  'time-is-up',
  'container-not-found',
  'engine-unreachable',
  /** The device serves as many sessions as it may already. */
  'too-many-sessions',
] as const;
export type LogEnd = (typeof logEnds)[number];

/** `[at, output, text]`, lines that were left out here, or what happened to the container. */
export type LogEntry =
  | [at: number, output: 'out' | 'err', text: string]
  | { leftOut: number }
  | { at: number; note: LogNote };

/** What the cloud answers to each piece: taken, go on; no room, say it again in a moment; or stop. */
export const logAnswers = ['go', 'wait', 'stop'] as const;
export type LogAnswer = (typeof logAnswers)[number];

/** Last lines that may be asked for. */
export const logTailMax = 1_000;
/** In UTF-16 units; at three bytes each a line still fits into a piece. */
export const logLineMax = 4_000;
/**
 * Of a piece before it is compressed: whatever the lines are, it fits a frame. Four a second are
 * 60 KB/s of text, more than anybody reads, and a sixth of that on the wire.
 */
export const logPieceBytesMax = 15 * 1024;
export const logPieceEntriesMax = 1_000;
/** A session ends by itself: who still looks opens another. */
export const logSessionSecondsMax = 1_800;
/** An answer keeps a session alive for so long. */
export const logLeaseMs = 20_000;
/** A device with nothing to say asks so often whether anybody still looks. */
export const logKeepAliveMs = 5_000;
/** Sessions of one device, and so readers of its engine. */
export const logSessionsPerDeviceMax = 4;

/** Colours, cursor movements, titles of windows. */
const escapeSequence = String.raw`\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])`;
const escapeSequences = new RegExp(`${escapeSequence}`, 'g');
/** All but the tabulator. */
const unprintable = new RegExp(
  `[${String.raw`\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff`}]`,
  'g',
);

/**
 * A program's line as text that moves no cursor, turns no reading direction and hides nothing:
 * colours are dropped, other control characters show as U+FFFD. Cut at the limit, with a mark.
 */
export const plainLogText = (text: string): string => {
  const plain = text
    .slice(0, 4 * logLineMax)
    .toWellFormed()
    .replace(escapeSequences, '')
    .replace(unprintable, '\ufffd');
  if (plain.length <= logLineMax) return plain;
  return `${plain.slice(0, logLineMax - 1).toWellFormed()}…`;
};
