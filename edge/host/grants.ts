/**
 * Technicians' grants as this device judges them: signed by its tenant's director, for its site, in
 * force by a time that is never before what was signed, and not named by the newest revocation.
 */
import { judgeGrant } from '@signalbeam/sync/core/grant';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { openGrantToken } from '@signalbeam/sync/wire/grant-token';
import { openRevocation } from '@signalbeam/sync/wire/records';
import type { Believing } from './trust.ts';

export type GrantedHolder = { grantId: string; name: string; expiresAtMs: number };
export type JudgedGrant =
  | { kind: 'granted'; holder: GrantedHolder }
  | { kind: 'refused'; code: string; reason: string };

export type Grants = {
  judge(token: string): JudgedGrant;
  /** Asked again at each use of what it opened. */
  isRevoked(grantId: string): boolean;
};

export const createGrants = (
  trust: Pick<Believing, 'trust' | 'keyset' | 'held'>,
  here: { tenantId: string; site: () => string; now: () => number },
): Grants => {
  const revoked = (): ReadonlySet<string> => {
    const bytes = trust.held('tenant/revocation');
    const opened = bytes === null ? null : openRevocation(bytes, trust.keyset());
    return new Set(opened?.kind === 'opened' ? (opened.value.grants ?? []) : []);
  };
  return {
    judge: (token) => {
      const opened = openGrantToken(token, trust.keyset());
      if (opened.kind === 'refused')
        return { kind: 'refused', code: 'wrong-grant', reason: opened.reason };
      const { grant } = opened;
      const { grantId, holder } = grant;
      const expiresAtMs = Date.parse(grant.expiresAt);
      const verdict = judgeGrant(
        { ...grant, expiresAtMs },
        {
          ...{ tenantId: here.tenantId, site: here.site(), revoked: revoked() },
          floorMs: timeFloorMs(trust.trust().time),
        },
        here.now(),
      );
      return verdict.kind === 'refused'
        ? verdict
        : { kind: 'granted', holder: { grantId, name: holder.name, expiresAtMs } };
    },
    isRevoked: (grantId) => revoked().has(grantId),
  };
};
