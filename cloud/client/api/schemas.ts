/**
 * What the API speaks of by name, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
export interface components {
  schemas: {
    Me: {
      /** Format: uuid */
      id: string;
      email: string;
      name: string;
      /** @enum {string} */
      role: "viewer" | "operator" | "admin";
      sites: string[] | null;
      /** Format: uuid */
      tenantId: string;
      tenantName: string;
      totp: boolean;
    };
    Problem: {
      type: string;
      title: string;
      status: number;
      /** @description Stable; docs/errors.md lists them all */
      code: string;
      detail: string;
      next?: string;
      errors?: {
        path: string;
        message: string;
        /** @description Where in a text the fault begins */
        start?: number;
        end?: number;
      }[];
    };
    Session: {
      /** Format: uuid */
      id: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      renewedAt: string;
      /** Format: date-time */
      expiresAt: string;
      ip: string | null;
      userAgent: string | null;
      current: boolean;
    };
    Invitation: {
      /** Format: uuid */
      id: string;
      email: string;
      /** @enum {string} */
      role: "viewer" | "operator" | "admin";
      sites: string[] | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
    };
    IdentityProvider: {
      name: string;
      /** Format: uri */
      issuer: string;
      clientId: string;
      listed: boolean;
      roleClaim: string;
      roleRules: {
        value: string;
        /** @enum {string} */
        role: "viewer" | "operator" | "admin";
        sites: string[] | null;
      }[];
      /** @enum {string|null} */
      defaultRole: "viewer" | "operator" | "admin" | null;
      linkByEmail: boolean;
      hasSecret: boolean;
    };
    ServiceAccount: {
      /** Format: uuid */
      id: string;
      name: string;
      /** @enum {string} */
      role: "viewer" | "operator" | "admin";
      sites: string[] | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      tokens: components["schemas"]["ServiceToken"][];
    };
    ServiceToken: {
      /** Format: uuid */
      id: string;
      prefix: string;
      /** @enum {string} */
      role: "viewer" | "operator" | "admin";
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      lastUsedAt: string | null;
    };
    User: {
      /** Format: uuid */
      id: string;
      email: string;
      name: string;
      /** @enum {string} */
      role: "viewer" | "operator" | "admin";
      sites: string[] | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      disabledAt: string | null;
      /** Format: date-time */
      lastSignInAt: string | null;
      totp: boolean;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
    };
    Quotas: {
      /** @enum {string} */
      tier: "free" | "paid";
      quotas: {
        /** @enum {string} */
        what: "devices" | "sites" | "users" | "registrationTokens" | "groups" | "bundles";
        used: number;
        limit: number | null;
      }[];
    };
    RegistrationToken: {
      /** Format: uuid */
      id: string;
      prefix: string;
      description: string;
      site: string;
      maxUses: number;
      currentUses: number;
      autoApprove: boolean;
      /** Format: uuid */
      group: string | null;
      tags: string[];
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      revokedAt: string | null;
      /** @enum {string} */
      state: "open" | "revoked" | "expired" | "used-up";
    };
    Device: {
      /** Format: uuid */
      id: string;
      name: string;
      site: string;
      /** @enum {string} */
      registrationStatus: "pending" | "approved" | "rejected";
      statusReason: string | null;
      /** @enum {string} */
      presence: "online" | "offline" | "never";
      /** Format: date-time */
      lastSeenAt: string | null;
      /** Format: date-time */
      reportedAt: string | null;
      health: {
        score: number | null;
        /** @enum {string} */
        level: "healthy" | "degraded" | "critical" | "unknown";
        worst: {
          part: string;
          says: string;
          isKnown: boolean;
        } | null;
      };
      fingerprint: string;
      agentVersion: string;
      platform: {
        os: string;
        architecture: string;
        hostname: string;
      };
      tags: string[];
      metadata: {
        [key: string]: string;
      };
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      approvedAt: string | null;
      generation: number | null;
      bundles: {
        /** Format: uuid */
        bundleId: string;
        name: string;
        version: string;
        status: string;
      }[];
      /** Format: uuid */
      replaces: string | null;
      removal: {
        /** @enum {string} */
        removal: "deleted" | "replaced" | "decommissioned";
        /** Format: date-time */
        at: string;
        /** @enum {string|null} */
        wipe: "data" | "workloads" | null;
        /** Format: date-time */
        wipedAt: string | null;
        /** Format: uuid */
        replacedBy: string | null;
      } | null;
    };
    Group: {
      /** Format: uuid */
      id: string;
      name: string;
      description: string;
      /** @enum {string} */
      kind: "static" | "dynamic";
      query: string | null;
      members: number | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
    };
    Site: {
      name: string;
      title: string;
      devices: number;
      pending: number;
      /** Format: date-time */
      createdAt: string;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
      windows: components["schemas"]["SiteWindow"][];
    };
    SiteWindow: {
      cron: string;
      /** @default UTC */
      timeZone?: string;
      minutes: number;
    };
    SiteGrant: {
      /** Format: uuid */
      id: string;
      site: string;
      holder: string;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      revokedAt: string | null;
      /** @enum {string} */
      state: "live" | "expired" | "revoked";
    };
    IssuedSiteGrant: {
      /** Format: uuid */
      id: string;
      site: string;
      holder: string;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      revokedAt: string | null;
      /** @enum {string} */
      state: "live" | "expired" | "revoked";
      /** @description What the technician shows a device; not kept */
      token: string;
    };
    Activity: {
      id: number;
      /** Format: date-time */
      at: string;
      actor: string;
      action: string;
      before?: unknown;
      after?: unknown;
    };
    ApiKey: {
      /** Format: uuid */
      id: string;
      prefix: string;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      revokedAt: string | null;
      /** Format: date-time */
      lastUsedAt: string | null;
    };
    Certificate: {
      serial: string;
      fingerprint: string;
      /** Format: date-time */
      issuedAt: string;
      /** Format: date-time */
      expiresAt: string;
      /** Format: date-time */
      revokedAt: string | null;
      /** @enum {string|null} */
      revocation: "superseded" | "key-compromise" | "cessation" | null;
    };
    Authentication: {
      /** Format: date-time */
      hour: string;
      /** @description `signature`, `api-key` or `certificate` */
      method: string;
      /** @description `accepted`, `invalid`, `expired`, `revoked`, `rejected` or `removed` */
      outcome: string;
      attempts: number;
      /** Format: date-time */
      firstAt: string;
      /** Format: date-time */
      lastAt: string;
      ip: string | null;
      userAgent: string | null;
    };
    AuditLine: {
      id: number;
      /** Format: date-time */
      at: string;
      actor: string;
      action: string;
      target: string;
      targetName: string | null;
      before?: unknown;
      after?: unknown;
      ip: string | null;
      requestId: string | null;
    };
    Keys: {
      root: {
        version: number;
        development: boolean;
        threshold: number;
        keys: {
          keyId: string;
          publicKey: string;
        }[];
        /** Format: date-time */
        expiresAt: string;
      };
      keyset: {
        /** Format: uuid */
        tenantId: string;
        version: number;
        /** Format: date-time */
        issuedAt: string;
        roles: {
          release: {
            keyId: string;
            publicKey: string;
          }[];
          director: {
            keyId: string;
            publicKey: string;
          }[];
          ingest: {
            keyId: string;
            publicKey: string;
          }[];
          membership: {
            keyId: string;
            publicKey: string;
          }[];
        };
        thresholds: {
          release: number;
          director: number;
          ingest: number;
          membership: number;
        };
      };
      proposal: {
        /** Format: uuid */
        tenantId: string;
        version: number;
        /** Format: date-time */
        issuedAt: string;
        roles: {
          release: {
            keyId: string;
            publicKey: string;
          }[];
          director: {
            keyId: string;
            publicKey: string;
          }[];
          ingest: {
            keyId: string;
            publicKey: string;
          }[];
          membership: {
            keyId: string;
            publicKey: string;
          }[];
        };
        thresholds: {
          release: number;
          director: number;
          ingest: number;
          membership: number;
        };
      } | null;
      envelopes: {
        root: string;
        keyset: string;
      };
    };
    Image: {
      reference: string;
      name: string;
      digest: string;
      sizeBytes: number;
      tags: string[];
      platforms: string[];
    };
    StoredImage: components["schemas"]["Image"] & {
      mediaType: string;
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
    };
    ArtifactUpload: {
      /** Format: uuid */
      id: string;
      name: string | null;
      digest: string;
      sizeBytes: number;
      partBytes: number;
      partCount: number;
      /** @description The parts that are here, from 0 */
      received: number[];
      /** Format: date-time */
      expiresAt: string;
    };
    DownloadLink: {
      /**
      * Format: uri
      * @description A credential: whoever has it may download this
      */
      url: string;
      /** Format: date-time */
      expiresAt: string;
      fileName: string;
      sizeBytes: number;
    };
    Bundle: {
      /** Format: uuid */
      id: string;
      name: string;
      description: string;
      latestVersion: string | null;
      versionCount: number;
      /** @description Why it should not be used any more; null while it may */
      deprecated: {
        reason: string;
        /** Format: date-time */
        at: string;
        by: string;
      } | null;
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
    };
    Validation: {
      valid: boolean;
      errors: {
        path: string;
        message: string;
      }[];
      containers?: components["schemas"]["Containers"];
    };
    Containers: {
      name: string;
      image: string;
      /** @default [] */
      entrypoint?: string[];
      /** @default [] */
      command?: string[];
      /** @default {} */
      environment?: {
        [key: string]: string;
      };
      /** @default [] */
      ports?: {
        containerPort: number;
        hostPort: number;
        /**
        * @default tcp
        * @enum {string}
        */
        protocol?: "tcp" | "udp";
        /**
        * Format: ip
        * @default 0.0.0.0
        */
        hostAddress?: string;
      }[];
      /** @default [] */
      mounts?: ({
        /** @enum {string} */
        kind: "volume";
        name: string;
        containerPath: string;
        /** @default false */
        readOnly?: boolean;
      } | {
        /** @enum {string} */
        kind: "bind";
        hostPath: string;
        containerPath: string;
        /** @default true */
        readOnly?: boolean;
      })[];
      /**
      * @default unless-stopped
      * @enum {string}
      */
      restart?: "no" | "on-failure" | "unless-stopped" | "always";
      /** @default null */
      memoryBytes?: number | null;
      /** @default null */
      cpus?: number | null;
      /** @default 10000 */
      stopGraceMs?: number;
      /** @default null */
      healthCheck?: {
        /** @default 5000 */
        intervalMs?: number;
        /** @default 3000 */
        timeoutMs?: number;
        /** @default 3 */
        retries?: number;
        /** @default 10000 */
        startPeriodMs?: number;
        /** @default 5000 */
        soakMs?: number;
        probe: {
          /** @enum {string} */
          kind: "http";
          port: number;
          /** @default / */
          path?: string;
          /** @default 200 */
          expectStatus?: number;
        } | {
          /** @enum {string} */
          kind: "tcp";
          port: number;
        } | {
          /** @enum {string} */
          kind: "exec";
          command: string[];
        };
      } | null;
      /** @default [] */
      dependsOn?: string[];
      /** @default {} */
      secretEnvironment?: {
        [key: string]: string;
      };
      /** @default {} */
      secretFiles?: {
        [key: string]: string;
      };
    }[];
    TakenContainers: {
      name: string;
      image: string;
      /** @default [] */
      entrypoint?: string[];
      /** @default [] */
      command?: string[];
      /** @default {} */
      environment?: {
        [key: string]: string;
      };
      /** @default [] */
      ports?: {
        containerPort: number;
        hostPort: number;
        /**
        * @default tcp
        * @enum {string}
        */
        protocol?: "tcp" | "udp";
        /**
        * Format: ipv4
        * @default 0.0.0.0
        */
        hostAddress?: string;
      }[];
      /** @default [] */
      mounts?: ({
        /** @constant */
        kind: "volume";
        name: string;
        /** Format: starts_with */
        containerPath: string;
        /** @default false */
        readOnly?: boolean;
      } | {
        /** @constant */
        kind: "bind";
        /** Format: starts_with */
        hostPath: string;
        /** Format: starts_with */
        containerPath: string;
        /** @default true */
        readOnly?: boolean;
      })[];
      /**
      * @default unless-stopped
      * @enum {string}
      */
      restart?: "no" | "on-failure" | "unless-stopped" | "always";
      /** @default null */
      memoryBytes?: number | null;
      /** @default null */
      cpus?: number | null;
      /** @default 10000 */
      stopGraceMs?: number;
      /** @default null */
      healthCheck?: {
        /** @default 5000 */
        intervalMs?: number;
        /** @default 3000 */
        timeoutMs?: number;
        /** @default 3 */
        retries?: number;
        /** @default 10000 */
        startPeriodMs?: number;
        /** @default 5000 */
        soakMs?: number;
        probe: {
          /** @constant */
          kind: "http";
          port: number;
          /**
          * Format: starts_with
          * @default /
          */
          path?: string;
          /** @default 200 */
          expectStatus?: number;
        } | {
          /** @constant */
          kind: "tcp";
          port: number;
        } | {
          /** @constant */
          kind: "exec";
          command: string[];
        };
      } | null;
      /** @default [] */
      dependsOn?: string[];
      /** @default {} */
      secretEnvironment?: {
        [key: string]: string;
      };
      /** @default {} */
      secretFiles?: {
        [key: string]: string;
      };
    }[];
    BundleVersion: {
      /** Format: uuid */
      bundleId: string;
      version: string;
      containers: components["schemas"]["Containers"];
      releaseNotes: string;
      releaseDigest: string;
      /** @description Why it should not be used any more; null while it may */
      deprecated: {
        reason: string;
        /** Format: date-time */
        at: string;
        by: string;
      } | null;
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
    };
    AssignedDevice: {
      /** Format: uuid */
      deviceId: string;
      name: string;
      site: string;
      version: string;
      /** Format: uuid */
      rolloutId: string | null;
      /** @description As the device reports this very wish */
      status: string;
    };
    VersionDiff: {
      from: string;
      to: string;
      containers: {
        name: string;
        /** @enum {string} */
        kind: "added" | "removed" | "changed" | "unchanged";
        fields: {
          path: string;
          before: string | null;
          after: string | null;
        }[];
      }[];
      /** @description Of uploaded images, by a device that has `from` */
      fetchBytes: number;
      /** @description New images of registries elsewhere, whose size is not known here */
      unknownSizes: string[];
    };
    ComposeFinding: {
      valid: boolean;
      errors: {
        line: number;
        column: number;
        path: string;
        message: string;
        tag?: string;
      }[];
      containers?: components["schemas"]["Containers"];
    };
    ImageTags: {
      images: {
        image: string;
        reference: string | null;
        refused: string | null;
      }[];
    };
    BundlePolicy: {
      registries: string[] | null;
      hostPaths: {
        path: string;
        writable: boolean;
      }[] | null;
      hostPorts: {
        from: number;
        to: number;
      }[] | null;
      loopbackOnly: boolean;
      limitsRequired: boolean;
      memoryBytesMax: number | null;
      cpusMax: number | null;
      installation: {
        registries: string[] | null;
        hostPaths: {
          path: string;
          writable: boolean;
        }[] | null;
      };
    };
    Secret: {
      /** Format: uuid */
      id: string;
      name: string;
      scope: {
        /** @enum {string} */
        kind: "tenant";
      } | {
        /** @enum {string} */
        kind: "site";
        site: string;
      } | {
        /** @enum {string} */
        kind: "device";
        /** Format: uuid */
        deviceId: string;
      };
      /** @description Grows by one with each new value */
      revision: number;
      /** @description Whose desired state holds it */
      devices: number;
      /** @description Of them those that have yet to get this value */
      waiting: number;
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
      /** Format: date-time */
      changedAt: string;
      changedBy: string;
    };
    Assigned: {
      generation: number;
      slots: {
        /** Format: uuid */
        bundleId: string;
        bundleName: string;
        version: string;
        releaseDigest: string;
        /** Format: uuid */
        rolloutId: string | null;
        requestedGeneration: number;
        windows?: number[][];
      }[];
    };
    DesiredState: {
      generation: number;
      slots: {
        /** Format: uuid */
        bundleId: string;
        bundleName: string;
        version: string;
        releaseDigest: string;
        /** Format: uuid */
        rolloutId: string | null;
        requestedGeneration: number;
        windows?: number[][];
      }[];
      /** Format: date-time */
      issuedAt: string | null;
      envelope?: string;
    };
    RolloutPreview: {
      devices: number;
      lateJoiners: boolean;
      refused: string | null;
      deprecated: {
        what: string;
        reason: string;
        by: string;
        /** Format: date-time */
        at: string;
        means: string;
      } | null;
      bytes: number;
      runIt: number;
      unreached: number;
      foreignImages: string[];
      underWay: {
        /** Format: uuid */
        rolloutId: string;
        version: string;
        /** @enum {string} */
        status: "scheduled" | "in-progress" | "paused" | "rolling-back";
        atWork: number;
        untold: number;
        means: string;
      }[];
      attention: {
        /** @enum {string} */
        kind: "not-approved" | "full" | "busy" | "unreached" | "waits" | "no-window";
        devices: number;
        why: string;
        first: {
          /** Format: uuid */
          deviceId: string;
          name: string;
        }[];
      }[];
      estimates: string[];
      waves: {
        name: string;
        devices: number;
        begins: {
          /** Format: date-time */
          earliest: string | null;
          /** Format: date-time */
          likely: string | null;
        };
        allTold: {
          /** Format: date-time */
          earliest: string | null;
          /** Format: date-time */
          likely: string | null;
        };
        dependsOn: string[];
        bytes: number;
        runIt: number;
        unreached: number;
        fetches: {
          devices: number;
          bytes: number;
        }[];
        first: {
          /** Format: uuid */
          deviceId: string;
          name: string;
          /** @enum {string} */
          presence: "online" | "offline" | "never";
          runsIt: boolean;
          bytes: number;
        }[];
      }[];
    };
    RolloutTarget: {
      /** @enum {string} */
      kind: "devices";
      deviceIds: string[];
    } | {
      /** @enum {string} */
      kind: "site";
      site: string;
    } | {
      /** @enum {string} */
      kind: "group";
      /** Format: uuid */
      groupId: string;
    } | {
      /** @enum {string} */
      kind: "tag";
      tag: string;
    } | {
      /** @enum {string} */
      kind: "all";
    };
    WaveSize: {
      /** @enum {string} */
      kind: "percent";
      percent: number;
    } | {
      /** @enum {string} */
      kind: "count";
      count: number;
    } | {
      /** @enum {string} */
      kind: "tag";
      tag: string;
    } | {
      /** @enum {string} */
      kind: "site";
      site: string;
    } | {
      /** @enum {string} */
      kind: "each-site";
    } | {
      /** @enum {string} */
      kind: "rest";
    };
    /** @default {} */
    WaveGate: {
      /** @default 100 */
      succeededPercentMin?: number;
      /** @default 0 */
      failedPercentMax?: number;
      /** @default 1 */
      failedSampleMin?: number;
      /** @default 0 */
      soakMs?: number;
      /**
      * @default none
      * @enum {string}
      */
      approval?: "none" | "any-person" | "another-person";
      /**
      * @default {
      *       "rule": "wait"
      *     }
      */
      unreached?: {
        /** @enum {string} */
        rule: "wait";
      } | {
        /** @enum {string} */
        rule: "go-on";
        afterMs: number;
        /** @default 50 */
        reachedPercentMin?: number;
      };
      /** @default null */
      healthScoreMin?: number | null;
      /**
      * @default null
      * @enum {string|null}
      */
      alertFreeFrom?: "info" | "warning" | "critical" | null;
      /** @default null */
      timeoutMs?: number | null;
    };
    /** @default {} */
    RolloutPace: {
      /** @default [] */
      windows?: components["schemas"]["MaintenanceWindow"][];
      /** @default null */
      devicesPerHourMax?: number | null;
      /** @default null */
      perSiteMax?: number | null;
      /** @default null */
      redundancyTag?: string | null;
      /** @default null */
      deviceTimeoutMs?: number | null;
      /** @default 0 */
      retriesMax?: number;
      /** @default 300000 */
      retryAfterMs?: number;
    };
    MaintenanceWindow: {
      cron: string;
      /** @default UTC */
      timeZone?: string;
      minutes: number;
      /** @default null */
      sites?: string[] | null;
    };
    Rollout: {
      /** Format: uuid */
      id: string;
      /** Format: uuid */
      bundleId: string;
      bundleName: string;
      version: string;
      /** @enum {string} */
      status: "scheduled" | "in-progress" | "paused" | "rolling-back" | "succeeded" | "failed" | "cancelled" | "rolled-back";
      statusReason: string | null;
      /** Format: date-time */
      startsAt: string | null;
      /** @enum {string} */
      onFailure: "pause" | "roll-back";
      pace: components["schemas"]["RolloutPace"];
      lateJoiners: boolean;
      progress: components["schemas"]["RolloutProgress"];
      waiting: string;
      /** @enum {string|null} */
      awaitsApproval: "any-person" | "another-person" | null;
      overtakes: components["schemas"]["RolloutMeeting"][];
      overtakenBy: components["schemas"]["RolloutMeeting"][];
      waves: {
        name: string;
        size: components["schemas"]["WaveSize"];
        gate: components["schemas"]["WaveGate"];
        /** @enum {string} */
        state: "waiting" | "open" | "passed";
        /** Format: date-time */
        openedAt: string | null;
        /** Format: date-time */
        goodSince: string | null;
        /** Format: date-time */
        passedAt: string | null;
        passedBy: string | null;
        late: number;
        approvals: string[];
        progress: components["schemas"]["RolloutProgress"];
        evidence: {
          well: number;
          unwell: number;
          alerts: number;
        } | null;
      }[];
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
      windowsIgnored: string | null;
      windowsIgnoredBy: string | null;
      /** Format: date-time */
      windowsIgnoredAt: string | null;
      sitesHaveWindows: boolean;
      requestedBy: string;
      /** Format: date-time */
      completedAt: string | null;
    };
    RolloutProgress: {
      total: number;
      planned: number;
      pending: number;
      inProgress: number;
      succeeded: number;
      failed: number;
      cancelled: number;
      rollingBack: number;
      rolledBack: number;
      /** @description Where 1,000 devices or more are at work, as counted in the last ten seconds */
      unreached: number;
    };
    RolloutMeeting: {
      /** Format: uuid */
      rolloutId: string;
      version: string;
      /** @enum {string} */
      status: "scheduled" | "in-progress" | "paused" | "rolling-back" | "succeeded" | "failed" | "cancelled" | "rolled-back";
      devices: number;
    };
    RolloutDevice: {
      /** Format: uuid */
      deviceId: string;
      name: string;
      wave: number;
      late: boolean;
      /** @enum {string} */
      status: "planned" | "pending" | "in-progress" | "succeeded" | "failed" | "cancelled" | "rolling-back" | "rolled-back" | "unreached";
      /** Format: date-time */
      lastSeenAt: string | null;
      reason: string | null;
      logTail: string[];
      /** Format: date-time */
      startedAt: string | null;
      /** Format: date-time */
      completedAt: string | null;
      retryCount: number;
    };
    RolloutFailures: {
      failures: {
        cause: string;
        devices: number;
        newest: {
          /** Format: uuid */
          deviceId: string;
          name: string;
          reason: string;
          logTail: string[];
        };
      }[];
    };
    RolloutSettings: {
      approvalByAnother: boolean;
    };
    Presence: {
      /** @enum {string} */
      presence: "online" | "offline" | "never";
      /** Format: date-time */
      lastSeenAt: string | null;
      nextBeatMs: number | null;
    };
    MetricsSeries: {
      /** Format: date-time */
      from: string;
      /** Format: date-time */
      to: string;
      bucketMs: number;
      /** @enum {string} */
      source: "samples" | "minutes" | "hours" | "days";
      series: {
        /** Format: date-time */
        at: string;
        cpuPercent: number | null;
        memoryPercent: number | null;
        memoryUsedBytes: number | null;
        diskPercent: number | null;
        diskUsedBytes: number | null;
        networkReceivedBytes: number | null;
        networkSentBytes: number | null;
        loadAverage: number | null;
        temperatureCelsius: number | null;
        uptimeSeconds: number | null;
      }[];
    };
    DeviceEvents: {
      events: {
        seq: number;
        epoch: string;
        /** Format: date-time */
        at: string;
        /** Format: date-time */
        receivedAt: string;
        /** @enum {string} */
        type: "agent-started" | "agent-stopping" | "link-up" | "link-down" | "desired-accepted" | "desired-refused" | "update-started" | "update-confirmed" | "update-failed" | "restored" | "container-died" | "container-restarted" | "container-recreated" | "drift-corrected" | "engine-down" | "engine-up" | "disk-floor" | "new-epoch" | "images-pruned" | "operator-action" | "trust-changed" | "record-refused" | "revoked" | "cloned-identity" | "trust-stale" | "clock-wrong" | "clock-raised" | "clock-right";
        /** @enum {string} */
        severity: "info" | "warning" | "error";
        message: string;
        data: {
          [key: string]: string | number | boolean | null;
        };
      }[];
      nextCursor: string | null;
    };
    ReportedState: {
      /** Format: date-time */
      at: string;
      /** Format: date-time */
      receivedAt: string;
      generation: number;
      desiredDigest?: string;
      bootId: string;
      agentVersion: string;
      engine: {
        /** @enum {string} */
        kind: "docker" | "podman" | "none";
        version: string;
        reachable: boolean;
      };
      waiting: string;
      slots: {
        /** Format: uuid */
        bundleId: string;
        bundleName: string;
        version: string;
        runningVersion: string | null;
        /** Format: uuid */
        rolloutId: string | null;
        requestedGeneration: number;
        /** @enum {string} */
        status: "pending" | "downloading" | "installing" | "verifying" | "running" | "failed" | "removed";
        reason: string | null;
        logTail: string[];
      }[];
      containers: {
        bundleName: string;
        name: string;
        state: string;
        /** @enum {string} */
        health: "healthy" | "unhealthy" | "starting" | "none";
        imageDigest: string;
        restartCount: number;
        startedAt: number | null;
      }[];
      power?: {
        batteryPercent: number;
        onBattery: boolean;
      };
    };
    DeviceHealth: {
      /** @description The sum of the parts; null for a device that was not heard of for an hour */
      score: number | null;
      /** @enum {string} */
      level: "healthy" | "degraded" | "critical" | "unknown";
      /** Format: date-time */
      notHeardSince: string | null;
      /** Format: date-time */
      judgedAt: string | null;
      parts: {
        freshness: {
          points: number;
          most: number;
          says: string;
          /** @description False: nothing has come that it could be judged by, and it has half of its points */
          isKnown: boolean;
        };
        reconciliation: {
          points: number;
          most: number;
          says: string;
          /** @description False: nothing has come that it could be judged by, and it has half of its points */
          isKnown: boolean;
        };
        resources: {
          points: number;
          most: number;
          says: string;
          /** @description False: nothing has come that it could be judged by, and it has half of its points */
          isKnown: boolean;
        };
        stability: {
          points: number;
          most: number;
          says: string;
          /** @description False: nothing has come that it could be judged by, and it has half of its points */
          isKnown: boolean;
        };
      };
    };
    FleetHealth: {
      healthy: number;
      degraded: number;
      critical: number;
      silent: number;
      neverHeard: number;
      averageScore: number | null;
    };
    DeadLetterCauses: {
      causes: {
        cause: string;
        letters: number;
        /** Format: date-time */
        oldestAt: string;
        /** Format: date-time */
        newestAt: string;
      }[];
      isCut: boolean;
    };
    DeadLettersDone: {
      done: number;
      refused: {
        id: string;
        reason: string;
      }[];
      nextCursor: string | null;
    };
    DeadLetters: {
      letters: components["schemas"]["DeadLetter"][];
      nextCursor: string | null;
    };
    DeadLetter: {
      id: string;
      /** @enum {string} */
      kind: "ingest" | "events";
      /** Format: date-time */
      at: string;
      subject: string;
      code: string;
      reason: string;
      bytes: number;
      /** Format: uuid */
      deviceId: string | null;
      lane: string | null;
      epoch: string | null;
      seq: number | null;
      consumer: string | null;
      deliveries: number | null;
    };
    WholeDeadLetter: {
      letter: components["schemas"]["DeadLetter"];
      content: string | null;
    };
    ReplayedDeadLetter: {
      /** @enum {string} */
      outcome: "stored" | "sent";
    };
    MetricsAnswer: {
      /** Format: date-time */
      from: string;
      /** Format: date-time */
      to: string;
      stepMs: number;
      /** @enum {string} */
      source: "samples" | "minutes" | "hours" | "days";
      /** @enum {string} */
      aggregate: "avg" | "min" | "max" | "sum" | "count" | "last";
      metrics: ("cpuPercent" | "memoryPercent" | "memoryUsedBytes" | "diskPercent" | "diskUsedBytes" | "networkReceivedBytes" | "networkSentBytes" | "loadAverage" | "temperatureCelsius" | "uptimeSeconds")[];
      series: {
        /** Format: uuid */
        deviceId: string;
        misdated: number;
        points: {
          /** Format: date-time */
          at: string;
          values: (number | null)[];
        }[];
      }[];
    };
    MetricPercentiles: {
      /** Format: date-time */
      from: string;
      /** Format: date-time */
      to: string;
      stepMs: number;
      /** @enum {string} */
      source: "minutes" | "hours" | "days";
      /** @enum {string} */
      metric: "cpuPercent" | "memoryPercent" | "memoryUsedBytes" | "diskPercent" | "diskUsedBytes" | "loadAverage" | "temperatureCelsius";
      /** @enum {string} */
      each: "avg" | "min" | "max";
      devices: number;
      points: {
        /** Format: date-time */
        at: string;
        devices: number;
        min: number;
        p50: number;
        p95: number;
        p99: number;
        max: number;
      }[];
    };
    RetentionPreview: {
      changes: {
        /** @enum {string} */
        name: "metricsDays" | "hoursDays" | "eventsDays" | "deadLettersDays";
        fromDays: number;
        toDays: number;
        removed: {
          /** Format: date-time */
          from: string;
          /** Format: date-time */
          before: string;
        } | null;
        says: string;
      }[];
    };
    Retention: {
      /** @enum {string} */
      tier: "free" | "paid";
      metricsDays: {
        days: number;
        chosen: number | null;
        default: number;
        max: number;
      };
      hoursDays: {
        days: number;
        chosen: number | null;
        default: number;
        max: number;
      };
      eventsDays: {
        days: number;
        chosen: number | null;
        default: number;
        max: number;
      };
      deadLettersDays: {
        days: number;
        chosen: number | null;
        default: number;
        max: number;
      };
    };
    NotificationChannel: {
      /** Format: uuid */
      id: string;
      name: string;
      /** @enum {string} */
      kind: "email" | "slack" | "teams" | "pagerduty" | "webhook";
      enabled: boolean;
      hears: {
        alerts: {
          severities: ("info" | "warning" | "critical")[];
          happenings: ("raised" | "escalated" | "acknowledged" | "resolved")[];
          sites: string[] | null;
        } | null;
        events: string[];
      };
      settings: {
        host?: string;
        port?: number;
        /** @enum {string} */
        security?: "starttls" | "tls" | "none";
        username?: string | null;
        from?: string;
        to?: string[];
        origin?: string;
        url?: string;
      };
      health: {
        /** @enum {string} */
        state: "untried" | "working" | "failing" | "paused";
        /** Format: date-time */
        failingSince: string | null;
        reason: string | null;
        failures: number;
        /** Format: date-time */
        nextAttemptAt: string | null;
        /** Format: date-time */
        lastDeliveredAt: string | null;
        waiting: number;
        dropped: number;
        /** Format: date-time */
        lastDroppedAt: string | null;
      };
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      changedAt: string;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
    };
    MadeNotificationChannel: {
      /** Format: uuid */
      id: string;
      name: string;
      /** @enum {string} */
      kind: "email" | "slack" | "teams" | "pagerduty" | "webhook";
      enabled: boolean;
      hears: {
        alerts: {
          severities: ("info" | "warning" | "critical")[];
          happenings: ("raised" | "escalated" | "acknowledged" | "resolved")[];
          sites: string[] | null;
        } | null;
        events: string[];
      };
      settings: {
        host?: string;
        port?: number;
        /** @enum {string} */
        security?: "starttls" | "tls" | "none";
        username?: string | null;
        from?: string;
        to?: string[];
        origin?: string;
        url?: string;
      };
      health: {
        /** @enum {string} */
        state: "untried" | "working" | "failing" | "paused";
        /** Format: date-time */
        failingSince: string | null;
        reason: string | null;
        failures: number;
        /** Format: date-time */
        nextAttemptAt: string | null;
        /** Format: date-time */
        lastDeliveredAt: string | null;
        waiting: number;
        dropped: number;
        /** Format: date-time */
        lastDroppedAt: string | null;
      };
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      changedAt: string;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
      signingKey: string | null;
    };
    NotificationTest: {
      /** @enum {string} */
      outcome: "delivered" | "refused" | "failed";
      said: string;
      tookMs: number;
    };
    NotificationDelivery: {
      /** Format: uuid */
      id: string;
      /** Format: uuid */
      channelId: string;
      channelName: string;
      /** @enum {string} */
      kind: "email" | "slack" | "teams" | "pagerduty" | "webhook";
      type: string;
      title: string;
      site: string | null;
      /** @enum {string} */
      status: "waiting" | "delivered" | "given-up" | "passed-over";
      attempts: number;
      /** Format: date-time */
      occurredAt: string;
      /** Format: date-time */
      queuedAt: string;
      /** Format: date-time */
      lastAttemptAt: string | null;
      /** Format: date-time */
      nextAttemptAt: string | null;
      /** Format: date-time */
      finishedAt: string | null;
      folded: number | null;
      reason: string | null;
      answer: string | null;
    };
    Alert: {
      /** Format: uuid */
      id: string;
      /** @enum {string} */
      type: "device-offline" | "site-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "low-battery" | "high-temperature" | "rollout-failed";
      ruleId: string;
      ruleName: string;
      /** @enum {string} */
      severity: "info" | "warning" | "critical";
      /** @enum {string} */
      status: "active" | "acknowledged" | "resolved";
      title: string;
      detail: string;
      site: string | null;
      /** Format: uuid */
      deviceId: string | null;
      deviceName: string | null;
      /** Format: uuid */
      rolloutId: string | null;
      deviceCount: number;
      silenced: boolean;
      /** Format: date-time */
      raisedAt: string;
      /** Format: date-time */
      escalatesAt: string | null;
      /** Format: date-time */
      acknowledgedAt: string | null;
      acknowledgedBy: string | null;
      /** Format: date-time */
      resolvedAt: string | null;
      resolvedBy: string | null;
    };
    AlertStatistics: {
      active: number;
      acknowledged: number;
      stale: number;
      resolvedIn7Days: number;
      bySeverity: {
        [key: string]: number;
      };
      byType: {
        [key: string]: number;
      };
    };
    AlertDetail: components["schemas"]["Alert"] & {
      why: string | null;
      history: {
        /** Format: date-time */
        at: string;
        /** @enum {string} */
        transition: "raised" | "escalated" | "acknowledged" | "resolved";
        /** @enum {string} */
        severity: "info" | "warning" | "critical";
        silenced: boolean;
        actor: string | null;
        note: string | null;
      }[];
    };
    AlertRule: {
      id: string;
      /** @enum {string} */
      type: "device-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "low-battery" | "high-temperature" | "rollout-failed";
      name: string;
      enabled: boolean;
      /** @enum {string} */
      severity: "info" | "warning" | "critical";
      threshold: number | null;
      clearThreshold: number | null;
      forSeconds: number;
      clearSeconds: number;
      escalateAfterSeconds: number | null;
      site: string | null;
      /** Format: uuid */
      groupId: string | null;
      query: string | null;
      groupName: string | null;
      builtIn: boolean;
      changed: boolean;
      consequence: string;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
    };
    AlertSilence: {
      /** Format: uuid */
      id: string;
      reason: string;
      /** Format: uuid */
      deviceId: string | null;
      site: string | null;
      /** Format: uuid */
      groupId: string | null;
      tag: string | null;
      ruleId: string | null;
      /** Format: date-time */
      startsAt: string;
      /** Format: date-time */
      endsAt: string;
      weekly: {
        /** @description 0 is Sunday */
        days: number[];
        from: string;
        minutes: number;
        timeZone: string;
      } | null;
      inForce: boolean;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** @description In quotes as If-Match: a change of what was read here */
      version: string;
    };
  };
  responses: {
    /** @description Refused, or failed; docs/errors.md lists the codes */
    Refused: {
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
  };
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
