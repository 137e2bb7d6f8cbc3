/**
 * Whether a grant lets its holder in at a device now. Judged by the device alone: its site, what it
 * knows to be revoked, and a time that is at least the newest that was ever signed for it. Pure.
 */
export type GrantClaim = {
  tenantId: string;
  site: string;
  grantId: string;
  expiresAtMs: number;
  may: readonly string[];
  revoked: boolean;
};

export type GrantVerdict =
  | { kind: 'granted' }
  | { kind: 'refused'; code: 'foreign-grant' | 'grant-revoked' | 'grant-expired'; reason: string };

const refused = (code: Extract<GrantVerdict, { kind: 'refused' }>['code'], reason: string) =>
  ({ kind: 'refused', code, reason }) as const;

/** `floorMs`: the time is not earlier than that, whatever the clock says. */
export const judgeGrant = (
  claim: GrantClaim,
  here: { tenantId: string; site: string; revoked: ReadonlySet<string>; floorMs: number },
  now: number,
): GrantVerdict => {
  if (claim.tenantId !== here.tenantId || claim.site !== here.site)
    return refused('foreign-grant', `It is for the site ${claim.site}.`);
  if (!claim.may.includes('console'))
    return refused('foreign-grant', 'It does not let its holder in at a console.');
  if (claim.revoked || here.revoked.has(claim.grantId))
    return refused('grant-revoked', 'It was taken back.');
  return Math.max(now, here.floorMs) < claim.expiresAtMs
    ? { kind: 'granted' }
    : refused('grant-expired', 'It has expired.');
};
