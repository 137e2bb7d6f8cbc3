/** The table of all commands, in the order in which help shows them. A new one is added here. */
import type { Command } from '../command.ts';
import { admissionCommands } from './admission.ts';
import { alertRuleCommands } from './alert-rules.ts';
import { alertCommands } from './alerts.ts';
import { apiCommands } from './api.ts';
import { bundleLifeCommands } from './bundle-lives.ts';
import { bundleCommands } from './bundles.ts';
import { channelCommands } from './channels.ts';
import { completionCommand } from './completion.ts';
import { composeCommands } from './compose.ts';
import { deadLetterCommands } from './dead-letters.ts';
import { deviceCommands } from './devices.ts';
import { groupCommands } from './groups.ts';
import { imageDownloadCommands } from './image-downloads.ts';
import { logCommands } from './logs.ts';
import { peopleCommands } from './people.ts';
import { policyCommands } from './policy.ts';
import { retentionCommands } from './retention.ts';
import { rolloutSettingsCommands } from './rollout-settings.ts';
import { rolloutCommands } from './rollouts.ts';
import { secretCommands } from './secrets.ts';
import { signInCommands } from './sign-in.ts';

import { silenceCommands } from './silences.ts';
import { siteGrantCommands } from './site-grants.ts';
import { telemetryCommands } from './telemetry.ts';

export const commands: readonly Command[] = [
  ...signInCommands,
  ...deviceCommands,
  ...telemetryCommands,
  ...deadLetterCommands,
  ...retentionCommands,
  ...logCommands,
  ...groupCommands,
  ...admissionCommands,
  ...siteGrantCommands,
  ...bundleCommands,
  ...imageDownloadCommands,
  ...composeCommands,
  ...bundleLifeCommands,
  ...policyCommands,
  ...secretCommands,
  ...rolloutCommands,
  ...rolloutSettingsCommands,
  ...alertCommands,
  ...alertRuleCommands,
  ...silenceCommands,
  ...peopleCommands,
  ...channelCommands,
  ...apiCommands,
  completionCommand,
];
