/**
 * The mesh's timing and its limits, each with the arithmetic that chose it. Sites are LANs of 2–200
 * devices that may lose 20–30 % of packets and whose processes may stand still for seconds.
 */

/** One probe a second: ping and answer are about 2 × 47 bytes, 0.75 kbit/s per member. */
export const probePeriodMs = 1_000;
/**
 * A round: ping at 0, 200, 400 and 600 ms, three helpers at 600, five more at 850, verdict at 1,200.
 * At 20 % loss a ping with its answer fails 0.36 of the time, four 0.017; a helper's way fails 0.44,
 * eight of them 0.0015: one false suspicion in 40,000 rounds, so 50 members see one in 13 minutes.
 * The first three pings cost little, and helpers are needed in 5 % of the rounds only.
 */
export const roundStages = [
  { atMs: 0, ping: true, helpers: 0 },
  { atMs: 200, ping: true, helpers: 0 },
  { atMs: 400, ping: true, helpers: 0 },
  { atMs: 600, ping: true, helpers: 3 },
  { atMs: 850, ping: false, helpers: 5 },
  { atMs: 1_200, ping: false, helpers: 0 },
] as const;
/** A helper pings twice and says within 450 ms whether it got through: before the verdict. */
export const errandStages = [
  { atMs: 0, ping: true, helpers: 0 },
  { atMs: 200, ping: true, helpers: 0 },
  { atMs: 450, ping: false, helpers: 0 },
] as const;
/** Rounds and errands at once: one or two probes, verifications, and what others ask. */
export const roundsMax = 64;

/**
 * A suspect has at least 2.5 s to refute. Crash to verdict: ring probe ≤ 2 s, round 1.2 s, rumour
 * 0.3 s, suspicion 2.5 s: at most 6 s, 4.8 s on average; a stall below 3.7 s is never fatal.
 * Without confirmations by others it has 10 s: one observer with a bad link is not believed at once.
 */
export const suspicionMinMs = 2_500;
export const suspicionMaxMs = 10_000;
export const confirmationsMax = 3;
/** So many check a rumour of suspicion themselves: fewer than three in 0.3 % of cases. */
export const verifiersWanted = 10;
/** Who was heard this recently is not suspected by hearsay: a round that failed took longer. */
export const heardLatelyMs = 1_000;
/** Lifeguard's local health: 0 is well; timeouts are multiplied by one more than this. */
export const healthScoreMax = 7;
/** Late by more than this is time the process did not live through; timers are late by a few ms. */
export const wakeSlackMs = 150;
/** An event loop this late loses answers; Lifeguard counts it like a missed one. */
export const lagUnwellMs = 250;
/** A hostile member can make another refute; twice a second is enough to live. */
export const refuteIntervalMs = 500;
/** 32 bits on the wire; at two refutations a second they last for 68 years. */
export const incarnationMax = 0xffff_ffff;

/** Rumours leave at once, then every 100 ms, to three members each time. */
export const gossipIntervalMs = 100;
export const gossipFanout = 3;
/** 50 members: 12 sends of each by each; at 20 % loss e^(-12 × 0.8) misses one member in 15,000. */
export const rumourSends = (members: number): number =>
  Math.max(6, 2 * Math.ceil(Math.log2(members + 1)));
/** Beyond it the most often sent is dropped; anti-entropy repairs what that costs. */
export const rumoursMax = 512;

/** What a datagram carries inside its 1,200 bytes; the packet's own part is at most 48. */
export const datagramBytesMax = 1_200;
export const messageBytesMax = datagramBytesMax - 48;
/** One claim with its signature: 200 of them are 72 KB. */
export const claimBytesMax = 360;
export const claimAddressesMax = 4;
/** `[2001:db8:…]:65535` with all its digits. */
export const addressLengthMax = 48;
/** In UTF-8: what a person tells devices apart by fits, whole sentences do not. */
export const nameBytesMax = 64;
export const agentVersionLengthMax = 32;
export const recordNameLengthMax = 140;
export const siteMembersMax = 200;
/** Names a device may hold: 200 × 3 of devices, and plans, permits, halts and grants. */
export const recordsMax = 2_048;

/** Half a second without news: rumours on their way are not taken for a difference. */
export const quietMs = 500;
/** Between comparisons after a difference; doubled up to the maximum while nothing changes. */
export const compareIntervalMs = { first: 300, max: 10_000 } as const;
/** Compares with somebody even when nothing differs: summaries have 32 bits. */
export const compareAnywayMs = 60_000;
export const bucketCount = 32;
/** Records announced one by one; a device that starts with hundreds lets them be compared. */
export const announcementsMax = 16;

/**
 * A record of this size travels in a datagram itself: fetched over TLS it takes some ten packets more,
 * of which each that is lost costs 0.2 to 1 s. With the longest name it is 1,198 bytes in its packet.
 */
export const pieceBytesMax = 1_000;
/** Larger ones, up to 16 KB, are asked for in pieces; yet larger ones are fetched. */
export const piecesMax = 16;
/** On a LAN a piece comes within a few ms; what is not there by then is asked for again. */
export const pullAgainMs = 80;
/** One second altogether: at 20 % loss all 16 pieces come in nine tries in 99.9 % of cases. */
export const pullTriesMax = 12;
/** Their pieces take 128 KB of memory at most. */
export const pullsMax = 8;
/** To each member that asks: a record of 16 KB every 80 ms, as one does that asks in vain. */
export const piecesPerSecond = 200;
/** Changed at once; further ones are announced and fetched. */
export const pushesMax = 16;
/** To one member in one round of gossip: at most 72 KB a second leave a member while many change. */
export const pushesPerRoundMax = 2;
/** Who offered what was not taken is not listened to that way for so long; it may still be asked. */
export const offerPauseMs = 10_000;

export const fetchesMax = 4;
export const fetchNamesMax = 32;
export const fetchTimeoutMs = 10_000;
/** A fetch takes some 50 ms; one that takes longer lost a packet, and another holder is asked too. */
export const fetchPatienceMs = 400;
export const holdersMax = 4;
/** A holder that did not deliver is not asked again for a while. */
export const fetchPauseMs = { first: 1_000, max: 60_000 } as const;

export const hintsMax = 256;
/** Dead members, and addresses that never answered: alone every second, otherwise now and then. */
export const contactIntervalMs = { alone: 1_000, settled: 3_000 } as const;
export const contactsAloneMax = 4;
/** Each address waits longer for the next try, so that a long dead member costs next to nothing. */
export const contactBackoffMs = { first: 1_000, max: 60_000 } as const;
/** A packet of the boot before may arrive this late; later it is a clone's. */
export const oldBootGraceMs = 10_000;
export const oldBootsMax = 4;
/** The same warning about the same member. */
export const warnIntervalMs = 60_000;
/** Strangers may have any name: of so many it is remembered when they were warned of. */
export const warningsMax = 1_000;
/** Strangers make a member ask one of them for its roster this often at most. */
export const strangerIntervalMs = 10_000;
