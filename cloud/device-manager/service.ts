/**
 * device-manager: tenants, the people who sign in, registration tokens, devices and their
 * credentials. Puts the routes on one application and runs what follows a deletion.
 */
import type { Platform, Service } from '@signalbeam/platform/service';
import { addAccountRoutes } from './api/account.ts';
import { addActivityRoutes } from './api/activity.ts';
import { addApiKeyRoutes } from './api/api-keys.ts';
import { addApprovalRoutes } from './api/approval.ts';
import { addAuditRoutes } from './api/audit.ts';
import { addAuthRoutes } from './api/auth.ts';
import { addAuthenticationRoutes } from './api/authentications.ts';
import { addBulkRoutes } from './api/bulk.ts';
import { addCertificateRoutes } from './api/certificates.ts';
import { addDeviceLifeRoutes } from './api/device-lives.ts';
import { addTagRoutes } from './api/device-tags.ts';
import { addDeviceRoutes } from './api/devices.ts';
import { addGroupMemberRoutes } from './api/group-members.ts';
import { addGroupRoutes } from './api/groups.ts';
import { addInvitationRoutes } from './api/invitations.ts';
import { addKeyRoutes } from './api/keys.ts';
import { addOidcRoutes } from './api/oidc.ts';
import { addQuotaRoutes } from './api/quotas.ts';
import { addRegistrationRoutes } from './api/registration.ts';
import { addTokenRoutes } from './api/registration-tokens.ts';
import { addServiceAccountRoutes } from './api/service-accounts.ts';
import { addSignUpRoutes } from './api/sign-up.ts';
import { addSiteGrantRoutes } from './api/site-grants.ts';
import { addSiteRoutes } from './api/sites.ts';
import { addUserRoutes } from './api/users.ts';
import { startChainingAudit } from './chain-audit.ts';
import { startMailingSignUps } from './mail-sign-ups.ts';
import { measureFleet } from './measure-fleet.ts';
import { startMembership } from './membership/start.ts';
import { startSweeping } from './sweep.ts';
import { startWithdrawing } from './withdraw-device.ts';

export const createService = (platform: Platform): Service => {
  const app = platform.createApi();
  for (const addRoutes of [
    addAuthRoutes,
    addAccountRoutes,
    addInvitationRoutes,
    addSignUpRoutes,
    addOidcRoutes,
    addServiceAccountRoutes,
    addUserRoutes,
    addQuotaRoutes,
    addTokenRoutes,
    addRegistrationRoutes,
    addBulkRoutes,
    addDeviceRoutes,
    addDeviceLifeRoutes,
    addTagRoutes,
    addGroupRoutes,
    addGroupMemberRoutes,
    addSiteRoutes,
    addSiteGrantRoutes,
    addActivityRoutes,
    addApprovalRoutes,
    addApiKeyRoutes,
    addCertificateRoutes,
    addAuthenticationRoutes,
    addAuditRoutes,
    addKeyRoutes,
  ]) {
    addRoutes(app, platform);
  }
  measureFleet(platform);
  let running: { stop: () => Promise<void> }[] = [];
  return {
    name: 'device-manager',
    app,
    start: async () => {
      running = [
        startWithdrawing(platform),
        startSweeping(platform),
        startMembership(platform),
        startChainingAudit(platform),
        startMailingSignUps(platform),
      ];
    },
    stop: async () => {
      await Promise.all(running.map((part) => part.stop()));
      running = [];
    },
  };
};
