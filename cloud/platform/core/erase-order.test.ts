import { expect, it } from 'vitest';
import { devicesTable, eraseOrder, type TenantTable } from './erase-order.ts';

const table = (
  name: string,
  way: TenantTable['way'] = 'tenant',
  hasTenant = true,
): TenantTable => ({
  ...{ name, way, hasTenant },
});
const namesOf = (tables: readonly TenantTable[]): string[] => tables.map(({ name }) => name);

it('empties what refers first, what is found by devices before them, and keys last', () => {
  const { beforeDevices, devicesOn } = eraseOrder(
    [
      table('platform.keys'),
      table('device_manager.groups'),
      table('device_manager.tokens'),
      table(devicesTable, 'device'),
      table('device_manager.tags'),
      table('telemetry.metrics', 'device'),
      table('telemetry.marks', 'blocks', false),
    ],
    [
      { from: 'device_manager.tags', to: devicesTable },
      { from: devicesTable, to: devicesTable },
      { from: devicesTable, to: 'device_manager.tokens' },
      { from: 'device_manager.tokens', to: 'device_manager.groups' },
      { from: 'device_manager.tags', to: 'device_manager.tenants' },
    ],
  );
  expect(namesOf(beforeDevices)).toEqual([
    ...['device_manager.tags', 'telemetry.marks', 'telemetry.metrics'],
  ]);
  expect(namesOf(devicesOn)).toEqual([
    ...[devicesTable, 'device_manager.tokens', 'device_manager.groups', 'platform.keys'],
  ]);
});

it('says which tables refer to each other', () => {
  const circle = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'a' },
  ];
  expect(() => eraseOrder([table('a'), table('b'), table(devicesTable)], circle)).toThrow('a, b');
});
