/** Which of a device's dialogs is open; a bundle to remove comes with its name. */
export type DeviceDialog =
  | 'none'
  | 'deploy'
  | 'rename'
  | 'remove'
  | 'move'
  | 'replace'
  | 'decommission'
  | { withdraw: string; name: string };
