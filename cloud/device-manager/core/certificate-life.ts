/** How long device certificates live, and when something is said or done about it. */
export const certificateDays = 90;
/** The device renews when two thirds are over, so a month of being cut off costs nothing. */
export const liveCertificatesMax = 2;
/** People are told of credentials that expire within this time and were not renewed. */
export const warnDays = 14;

const dayMs = 86_400_000;

/** Whether a list of revoked certificates that is good until then is signed anew already. */
export const listDays = 7;
export const isListDue = (nextUpdateMs: number, nowMs: number): boolean =>
  nextUpdateMs - nowMs < (listDays - 1) * dayMs;
