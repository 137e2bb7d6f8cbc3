/**
 * The accounts of the hub. CLOUD holds all JetStream; a tenant's account has none and reaches
 * CLOUD only through imports that the broker stamps with the account's key, so a message's tenant
 * can't be forged. Not who may connect: see ./users.ts.
 */
import { encodeAccount, encodeOperator } from '@nats-io/jwt';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { Keyring } from '../keys/keyring.ts';
import type { Revocations } from './revocations.ts';

// The encoder's defaults are 0, which the server reads as "nothing allowed".
const limits = {
  subs: -1,
  conn: -1,
  leaf: -1,
  imports: -1,
  exports: -1,
  data: -1,
  payload: -1,
  wildcards: true,
};
const jetstreamLimits = { ...limits, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** What a tenant's account sends up; the first token in CLOUD is the account's key. */
const upward = [
  'signalbeam.devices.heartbeat.*',
  'signalbeam.devices.status.*',
  'signalbeam.devices.events.*',
  'signalbeam.devices.logs.*',
  'signalbeam.telemetry.*.*',
  'signalbeam.hello.*.*',
] as const;

/** Direct get of a signed record: `<account>.<site>.<device>`, `….<site>.<name>`, `….tenant.<name>`. */
const bucket = streams.desiredBucket;
const recordApi = `$JS.API.DIRECT.GET.KV_${bucket}.$KV.${bucket}`;

export const operatorJwt = (keyring: Keyring): Promise<string> =>
  encodeOperator('signalbeam', keyring.operator.keyPair, {
    system_account: keyring.system.publicKey,
  });

export const systemAccountJwt = (keyring: Keyring): Promise<string> =>
  encodeAccount('SYS', keyring.system.keyPair, { limits }, { signer: keyring.operator.keyPair });

export const cloudAccountJwt = (keyring: Keyring): Promise<string> =>
  encodeAccount(
    'CLOUD',
    keyring.cloud.keyPair,
    {
      limits: jetstreamLimits,
      exports: [
        ...upward.map((subject) => ({
          name: subject,
          subject: `*.${subject}`,
          type: 'service' as const,
          account_token_position: 1,
        })),
        {
          name: 'record',
          subject: `${recordApi}.*.*.*`,
          type: 'service',
          account_token_position: 8,
        },
        { name: 'down', subject: 'down.*.>', type: 'stream', account_token_position: 2 },
      ],
    },
    { signer: keyring.operator.keyPair },
  );

/** The tenant's account as the hub needs it. */
export const tenantAccountJwt = async (
  keyring: Keyring,
  tenantId: string,
  revocations: Revocations = {},
): Promise<string> => {
  const { account } = await keyring.tenant(tenantId);
  const key = account.publicKey;
  const cloud = keyring.cloud.publicKey;
  return encodeAccount(
    tenantId,
    account.keyPair,
    {
      limits,
      revocations,
      imports: [
        ...upward.map((subject) => ({
          name: subject,
          subject: `${key}.${subject}`,
          account: cloud,
          local_subject: subject,
          type: 'service' as const,
        })),
        {
          name: 'record',
          subject: `${recordApi}.${key}.*.*`,
          account: cloud,
          local_subject: 'signalbeam.record.$1.$2',
          type: 'service',
        },
        {
          name: 'down',
          subject: `down.${key}.>`,
          account: cloud,
          local_subject: 'signalbeam.down.>',
          type: 'stream',
        },
      ],
    },
    { signer: keyring.operator.keyPair },
  );
};

export type LeafTrust = {
  operatorJwt: string;
  systemAccountKey: string;
  systemAccountJwt: string;
  leafAccountJwt: string;
};

/** What a leaf's configuration needs to check its site's devices: the account without imports. */
export const leafTrust = async (keyring: Keyring, tenantId: string): Promise<LeafTrust> => {
  const { account } = await keyring.tenant(tenantId);
  const signer = keyring.operator.keyPair;
  return {
    operatorJwt: await operatorJwt(keyring),
    systemAccountKey: keyring.system.publicKey,
    systemAccountJwt: await systemAccountJwt(keyring),
    leafAccountJwt: await encodeAccount(tenantId, account.keyPair, { limits }, { signer }),
  };
};
