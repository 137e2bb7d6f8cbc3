/**
 * Every status as the word, shape and hue it is shown with: one table per vocabulary, so a status
 * looks the same on every screen.
 */
import type { Mark } from '../ui/glyph.ts';
import type { RolloutDeviceStatus, RolloutStatus } from './rollout-types.ts';
import type { Device, ReportedContainer } from './types.ts';

const mark = (shape: Mark['shape'], tone: Mark['tone'], word: string): Mark => ({
  shape,
  tone,
  word,
});

export const deviceMark = (device: Pick<Device, 'registrationStatus' | 'presence'>): Mark => {
  if (device.registrationStatus === 'pending')
    return mark('diamond', 'warn', 'Waiting for approval');
  if (device.registrationStatus === 'rejected') return mark('cross', 'bad', 'Rejected');
  switch (device.presence) {
    case 'online':
      return mark('disc', 'ok', 'Online');
    case 'offline':
      return mark('broken', 'bad', 'Offline');
    case 'never':
      return mark('dashed', 'idle', 'Not seen yet');
  }
};

const healthMarks = {
  healthy: mark('disc', 'ok', 'healthy'),
  degraded: mark('diamond', 'warn', 'degraded'),
  critical: mark('triangle', 'bad', 'critical'),
  unknown: mark('dashed', 'idle', 'nothing is known'),
} as const;
export const healthMark = (level: keyof typeof healthMarks): Mark => healthMarks[level];

const slotMarks: Record<string, Mark> = {
  pending: mark('dashed', 'idle', 'Waiting'),
  downloading: mark('half', 'info', 'Downloading'),
  installing: mark('half', 'info', 'Installing'),
  verifying: mark('half', 'info', 'Verifying'),
  running: mark('disc', 'ok', 'Running'),
  failed: mark('triangle', 'bad', 'Failed'),
  removed: mark('bar', 'idle', 'Removed'),
};
export const slotMark = (status: string): Mark =>
  slotMarks[status] ?? mark('dashed', 'idle', status === '' ? 'Not reported' : status);

export const rolloutMark = (status: RolloutStatus): Mark => {
  switch (status) {
    case 'scheduled':
      return mark('dashed', 'idle', 'Scheduled');
    case 'paused':
      return mark('bar', 'warn', 'Paused');
    case 'rolling-back':
      return mark('half', 'warn', 'Rolling back');
    case 'rolled-back':
      return mark('ring', 'idle', 'Rolled back');
    case 'in-progress':
      return mark('half', 'info', 'In progress');
    case 'succeeded':
      return mark('tick', 'ok', 'Succeeded');
    case 'failed':
      return mark('triangle', 'bad', 'Failed');
    case 'cancelled':
      return mark('bar', 'idle', 'Cancelled');
  }
};

const isOver = (rollout: RolloutStatus): boolean =>
  ['succeeded', 'failed', 'cancelled', 'rolled-back'].includes(rollout);

/** A wave is no more at work than its rollout. */
export const waveMark = (state: 'waiting' | 'open' | 'passed', rollout: RolloutStatus): Mark => {
  switch (state) {
    case 'waiting':
      return mark('dashed', 'idle', isOver(rollout) ? 'Never began' : 'Waits');
    case 'open':
      if (rollout === 'paused') return mark('bar', 'warn', 'Paused');
      if (rollout === 'rolling-back') return mark('half', 'warn', 'Going back');
      return isOver(rollout) ? mark('bar', 'idle', 'Stopped') : mark('half', 'info', 'At work');
    case 'passed':
      return mark('tick', 'ok', 'Passed');
  }
};

export const rolloutDeviceMark = (status: RolloutDeviceStatus): Mark => {
  switch (status) {
    case 'planned':
      return mark('dashed', 'idle', 'Not yet told');
    case 'rolling-back':
      return mark('half', 'warn', 'Going back');
    case 'rolled-back':
      return mark('ring', 'idle', 'Went back');
    case 'pending':
      return mark('dashed', 'idle', 'Queued');
    case 'in-progress':
      return mark('half', 'info', 'Updating');
    case 'succeeded':
      return mark('tick', 'ok', 'Confirmed');
    case 'failed':
      return mark('triangle', 'bad', 'Failed');
    case 'cancelled':
      return mark('bar', 'idle', 'Cancelled');
    case 'unreached':
      return mark('broken', 'warn', 'Unreached');
  }
};

export const containerMark = (container: Pick<ReportedContainer, 'state' | 'health'>): Mark => {
  if (container.state === 'running') {
    if (container.health === 'unhealthy') return mark('triangle', 'bad', 'Unhealthy');
    if (container.health === 'starting') return mark('half', 'info', 'Starting');
    return mark('disc', 'ok', container.health === 'healthy' ? 'Healthy' : 'Running');
  }
  if (container.state === 'restarting') return mark('half', 'warn', 'Restarting');
  if (container.state === 'paused') return mark('bar', 'warn', 'Paused');
  if (container.state === 'created') return mark('dashed', 'idle', 'Created');
  return mark(
    'ring',
    'bad',
    container.state === ''
      ? 'Unknown'
      : container.state[0]?.toUpperCase() + container.state.slice(1),
  );
};

export const severityMark = (severity: string): Mark => {
  if (severity === 'error') return mark('triangle', 'bad', 'Error');
  if (severity === 'warning') return mark('diamond', 'warn', 'Warning');
  return mark('ring', 'idle', 'Information');
};
