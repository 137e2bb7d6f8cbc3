/** What this tenant asks of all its rollouts. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { UsageError } from '../exit.ts';

const yesOrNo = ['yes', 'no'] as const;

const lines = ({ approvalByAnother }: Schemas['RolloutSettings']) =>
  [['approval by another person', approvalByAnother ? 'always' : 'where a gate asks']] as const;

const show = command({
  name: 'rollout-settings show',
  summary: 'Show what this tenant asks of all its rollouts',
  examples: ['rollout-settings show'],
  run: async ({ client, output }) => {
    const settings = await client().get('/api/rollout-settings');
    output.one(settings, lines(settings));
  },
});

const edit = command({
  name: 'rollout-settings edit',
  summary: 'Change what this tenant asks of all its rollouts',
  flags: {
    'approval-by-another': {
      ...{ type: 'string', value: 'YES|NO', choices: yesOrNo },
      about: 'approvals count only from another person than whoever made the rollout',
    },
  },
  examples: ['rollout-settings edit --approval-by-another yes'],
  run: async ({ client, output }, _words, values) => {
    const { 'approval-by-another': said } = values;
    if (said === undefined) throw new UsageError('Say what to change: --approval-by-another.');
    const body = { approvalByAnother: said === 'yes' };
    const settings = await client().patch('/api/rollout-settings', { body });
    output.one(settings, lines(settings));
  },
});

export const rolloutSettingsCommands = [show, edit];
