/** A tenant that has something of everything, so that no page of the console is empty. */
import type { Desk } from './operator.fixture.ts';

/** One device runs, one was approved and is away, one waits; a rollout waits for the site's window. */
export const furnish = async (desk: Desk): Promise<void> => {
  const { cloud } = desk;
  for (const [name, autoApprove] of [
    ['press-1', true],
    ['press-2', true],
    ['press-3', false],
  ] as const) {
    const made = await cloud.ask('POST', '/api/registration-tokens', {
      site: 'plant-7',
      maxUses: 1,
      autoApprove,
    });
    const { token } = made as { token: string };
    await desk.register(name, ['register', '--url', cloud.url, '--token', token]);
  }
  await desk.run('press-1');
  const { devices } = (await cloud.ask('GET', '/api/devices')) as {
    devices: { id: string; name: string }[];
  };
  const [first] = devices;
  await cloud.ask('PATCH', `/api/devices/${first?.id}/tags`, { set: ['ring=canary', 'indoor'] });
  await cloud.ask('POST', '/api/groups', { name: 'Canaries', query: 'ring=canary' });
  const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'press' })) as { id: string };
  const image = `registry.plant.example/press@sha256:${'a'.repeat(64)}`;
  await cloud.ask('POST', `/api/bundles/${bundle.id}/versions`, {
    version: '1.0.0',
    containers: [{ name: 'web', image }],
  });
  const opens = new Date(Date.now() + 7_200_000);
  const cron = `${opens.getUTCMinutes()} ${opens.getUTCHours()} * * *`;
  const windows = [{ cron, timeZone: 'UTC', minutes: 60 }];
  await cloud.owner.query('UPDATE device_manager.sites SET windows = $1', [
    JSON.stringify(windows),
  ]);
  await cloud.ask('POST', '/api/rollouts', {
    bundleId: bundle.id,
    version: '1.0.0',
    deviceIds: devices.filter(({ name }) => name === 'press-2').map(({ id }) => id),
  });
  const { tenantId } = (await cloud.ask('GET', '/api/auth/me')) as { tenantId: string };
  await cloud.owner.query(
    `INSERT INTO telemetry.alerts
       (tenant_id, rule_id, rule_name, type, severity, status, title, detail, site, device_id,
        device_name, device_count, silenced, raised_at)
     VALUES ($1, 'device-offline', 'Device offline', 'device-offline', 'warning', 'active',
             'press-2 is offline', 'Nothing was heard of it.', 'plant-7', $2, 'press-2', 1, false,
             now() - interval '7 minutes')`,
    [tenantId, first?.id],
  );
  await cloud.owner.query(
    `INSERT INTO telemetry.dead_letters
       (tenant_id, device_id, subject, lane, epoch, seq, code, reason, payload, digest, at)
     SELECT $1, $2, 'signalbeam.devices.events', 'events', 'e', number, 'row-refused',
            'body.severity: Invalid option: expected one of "info"|"warning"|"error"',
            convert_to('{"seq":4,"at":1,"body":{"type":"link-up","token":"x-9"}}', 'UTF8'),
            'letter ' || number, now() - interval '2 hours'
       FROM generate_series(1, 3) number`,
    [tenantId, first?.id],
  );
  await cloud.ask('PUT', '/api/identity-provider', {
    ...{ name: 'Works', issuer: 'https://login.works.example', clientId: 'signalbeam' },
    roleRules: [{ value: 'fleet-admins', role: 'admin', sites: null }],
  });
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  await cloud.ask('POST', '/api/alert-silences', { tag: 'indoor', reason: 'Painting.', endsAt });
};
