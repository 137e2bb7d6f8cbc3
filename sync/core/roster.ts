/**
 * Who belongs to a site, with their keys: the only admission to its mesh. Signed by the membership
 * key of the tenant; a member that is not in the newest roster is nobody here.
 */

export type RosterMember = {
  deviceId: string;
  /** Public nkey (`U…`): its one Ed25519 identity, on the wire, in the mesh and on the LAN. */
  publicKey: string;
  /** X25519, 32 raw bytes in base64: what is sealed for it is sealed to this. */
  sealingKey: string;
};

export type Roster = {
  tenantId: string;
  site: string;
  /** Only grows. */
  version: number;
  issuedAt: string;
  /**
   * The site key in force. It changes when a member leaves, so that a roster without the member
   * can't be combined with the key the member still knows.
   */
  siteKeyGeneration: number;
  members: readonly RosterMember[];
};

/** Sites have 2–200 devices: 190 bytes of roster each stay below `siteRecordBytesMax` in base64. */
export const siteMembersMax = 200;

export const memberOf = (roster: Roster, deviceId: string): RosterMember | null =>
  roster.members.find((member) => member.deviceId === deviceId) ?? null;
