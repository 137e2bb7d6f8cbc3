/**
 * The types of the API, made from its OpenAPI document by `./signalbeam generate`: don't edit them.
 */
export interface paths {
  "/api/alert-rules": {
    /**
    * Lists the rules of alerts: at most a hundred
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All of them */
        200: {
          content: {
            "application/json": {
              rules: components["schemas"]["AlertRule"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a rule; what is left out is as in the built-in rule of its type
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            type: "device-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "high-temperature" | "rollout-failed";
            name: string;
            enabled?: boolean;
            /** @enum {string} */
            severity?: "info" | "warning" | "critical";
            threshold?: number | null;
            clearThreshold?: number | null;
            forSeconds?: number;
            clearSeconds?: number;
            escalateAfterSeconds?: number | null;
            site?: string | null;
          };
        };
      };
      responses: {
        /** @description The rule */
        201: {
          content: {
            "application/json": components["schemas"]["AlertRule"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alert-rules/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Deletes a rule of the tenant's own; its open alerts resolve
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Changes a rule; open alerts stay as they were raised
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    patch: {
      parameters: {
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name?: string;
            enabled?: boolean;
            /** @enum {string} */
            severity?: "info" | "warning" | "critical";
            threshold?: number | null;
            clearThreshold?: number | null;
            forSeconds?: number;
            clearSeconds?: number;
            escalateAfterSeconds?: number | null;
            site?: string | null;
          };
        };
      };
      responses: {
        /** @description The rule */
        200: {
          content: {
            "application/json": components["schemas"]["AlertRule"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/alert-rules/{id}/reset": {
    get?: never;
    put?: never;
    /**
    * Sets a rule back to the built-in one of its type; a rule of one’s own keeps name and site
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rule */
        200: {
          content: {
            "application/json": components["schemas"]["AlertRule"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alert-silences": {
    /**
    * Lists silences and maintenance windows, those that end last first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          /** @description Also those that ended */
          all?: "true" | "false";
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              silences: components["schemas"]["AlertSilence"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Holds the telling of alerts back for a time; they are recorded and shown all the same
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            reason: string;
            /**
            * Format: uuid
            * @default null
            */
            deviceId?: string | null;
            /** @default null */
            site?: string | null;
            /**
            * Format: uuid
            * @default null
            */
            groupId?: string | null;
            /** @default null */
            tag?: string | null;
            /** @default null */
            ruleId?: string | null;
            /**
            * Format: date-time
            * @description Now, when left out
            */
            startsAt?: string;
            /** Format: date-time */
            endsAt: string;
            /**
            * @description A maintenance window: it holds in these hours only
            * @default null
            */
            weekly?: {
              /** @description 0 is Sunday */
              days: number[];
              from: string;
              minutes: number;
              timeZone: string;
            } | null;
          };
        };
      };
      responses: {
        /** @description The silence */
        201: {
          content: {
            "application/json": components["schemas"]["AlertSilence"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alert-silences/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Ends a silence: alerts that are still active are told of now
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Ended */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Changes the reason or the end of a silence
    * @description Needs a user with the role operator or above.
    */
    patch: {
      parameters: {
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            reason?: string;
            /** Format: date-time */
            endsAt?: string;
          };
        };
      };
      responses: {
        /** @description The silence */
        200: {
          content: {
            "application/json": components["schemas"]["AlertSilence"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/alerts": {
    /**
    * Lists alerts, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          /** @description open: active or acknowledged */
          status?: "active" | "acknowledged" | "resolved" | "open";
          severity?: "info" | "warning" | "critical";
          type?: "device-offline" | "site-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "low-battery" | "high-temperature" | "rollout-failed";
          device?: string;
          site?: string;
          from?: string;
          to?: string;
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              alerts: components["schemas"]["Alert"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alerts/statistics": {
    /**
    * How many alerts are open, by severity and type, and how many were resolved
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description Counts */
        200: {
          content: {
            "application/json": components["schemas"]["AlertStatistics"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alerts/{id}": {
    /**
    * One alert with its history
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The alert */
        200: {
          content: {
            "application/json": components["schemas"]["AlertDetail"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alerts/{id}/acknowledge": {
    get?: never;
    put?: never;
    /**
    * Takes an alert on: it does not escalate any more, and resolves when it is over
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @default  */
            note?: string;
          };
        };
      };
      responses: {
        /** @description The alert */
        200: {
          content: {
            "application/json": components["schemas"]["Alert"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/alerts/{id}/resolve": {
    get?: never;
    put?: never;
    /**
    * Closes an alert; it is not raised again before what it tells of was over
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @default  */
            note?: string;
          };
        };
      };
      responses: {
        /** @description The alert */
        200: {
          content: {
            "application/json": components["schemas"]["Alert"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/artifacts": {
    /**
    * Lists uploaded images, the newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": {
              images: components["schemas"]["StoredImage"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Takes an image archive: OCI archive or docker save, plain or gzip
    * @description The body is the archive itself. The answer names each image by its digest. Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        query?: {
          name?: string;
        };
      };
      requestBody: {
        content: {
          "application/octet-stream": string;
        };
      };
      responses: {
        /** @description The images in it */
        201: {
          content: {
            "application/json": {
              images: components["schemas"]["Image"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/artifacts/blobs/{digest}": {
    /**
    * A blob of an uploaded image; HEAD, Range and If-None-Match are understood
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        path: {
          digest: string;
        };
      };
      responses: {
        /** @description The blob */
        200: {
          content: {
            "application/octet-stream": string;
          };
        };
        /** @description The range that was asked for */
        206: {
          content: {
            "application/octet-stream": string;
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/audit": {
    /**
    * Lists what was done, newest first
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          actor?: string;
          action?: string;
          target?: string;
          from?: string;
          until?: string;
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              entries: components["schemas"]["AuditLine"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/audit/verification": {
    /**
    * Checks a stretch of the log against its chain of hashes
    * @description Asked again with `from` = `next` until that is null, it checks all of it. The head, noted elsewhere and given as `knownPosition` and `knownHash` another time, shows a chain that was cut or made anew as well. Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          from?: number;
          limit?: number;
          knownPosition?: number;
          knownHash?: string;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description What was found */
        200: {
          content: {
            "application/json": {
              checked: number;
              faults: {
                /** @enum {string} */
                kind: "changed" | "removed" | "unlinked" | "inserted";
                position: number | null;
                entryId: number | null;
              }[];
              next: number | null;
              head: {
                position: number;
                hash: string;
              } | null;
              holdsKnownHead: boolean | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/invitation": {
    get?: never;
    put?: never;
    /** Takes an invitation: makes the account and signs in */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            secret: string;
            name: string;
            password: string;
          };
        };
      };
      responses: {
        /** @description Signed in; the cookies are set too */
        200: {
          content: {
            "application/json": {
              token: string;
              /** Format: date-time */
              expiresAt: string;
              refreshToken: string | null;
              /** Format: date-time */
              refreshExpiresAt: string | null;
              user: components["schemas"]["Me"];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/login": {
    get?: never;
    put?: never;
    /** Signs a person in */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            email: string;
            password: string;
            code?: string;
          };
        };
      };
      responses: {
        /** @description Signed in; the cookies are set too */
        200: {
          content: {
            "application/json": {
              token: string;
              /** Format: date-time */
              expiresAt: string;
              refreshToken: string | null;
              /** Format: date-time */
              refreshExpiresAt: string | null;
              user: components["schemas"]["Me"];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/logout": {
    get?: never;
    put?: never;
    /** Ends the sign-in that this request carries */
    post: {
      parameters: {
      };
      responses: {
        /** @description Signed out, or nobody was signed in */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/me": {
    /**
    * Who is signed in
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description The person */
        200: {
          content: {
            "application/json": components["schemas"]["Me"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/oidc": {
    /** Sends the browser to the provider of a tenant */
    get: {
      parameters: {
        query: {
          tenant: string;
        };
      };
      responses: {
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/oidc/callback": {
    /** Where the provider sends the browser back */
    get: {
      parameters: {
        query?: {
          state?: string;
        };
      };
      responses: {
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/password": {
    get?: never;
    put?: never;
    /**
    * Changes the password and ends all other sign-ins
    * @description Needs a person who signed in.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            password: string;
            newPassword: string;
          };
        };
      };
      responses: {
        /** @description Changed */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/providers": {
    /** Where else people sign in: the buttons of the sign-in page */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description Those that are listed */
        200: {
          content: {
            "application/json": {
              providers: {
                /** Format: uuid */
                tenantId: string;
                name: string;
              }[];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/refresh": {
    get?: never;
    put?: never;
    /**
    * Renews a sign-in by its refresh token, which counts once
    * @description Takes the token from the body or the cookie. One that was used before ends the sign-in, because two have it; the last one used is still taken for ten seconds, for an access token only.
    */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            refreshToken?: string;
          };
        };
      };
      responses: {
        /** @description Renewed */
        200: {
          content: {
            "application/json": {
              token: string;
              /** Format: date-time */
              expiresAt: string;
              refreshToken: string | null;
              /** Format: date-time */
              refreshExpiresAt: string | null;
              user: components["schemas"]["Me"];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/sessions": {
    /**
    * Lists where one is signed in
    * @description Needs a person who signed in.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All */
        200: {
          content: {
            "application/json": {
              sessions: components["schemas"]["Session"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/sessions/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Ends one of the own sign-ins at once
    * @description Needs a person who signed in.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Ended */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/totp": {
    get?: never;
    put?: never;
    /**
    * Proposes a secret for an authenticator app; in force once a code of it was given
    * @description Needs a person who signed in.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            password: string;
          };
        };
      };
      responses: {
        /** @description To be shown as a QR code, and typed where none can be read */
        200: {
          content: {
            "application/json": {
              secret: string;
              uri: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/totp/confirmation": {
    get?: never;
    put?: never;
    /**
    * Puts the proposed secret in force; gives recovery codes, this once
    * @description Needs a person who signed in.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            code: string;
          };
        };
      };
      responses: {
        /** @description Each counts once */
        200: {
          content: {
            "application/json": {
              recoveryCodes: string[];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/auth/totp/removal": {
    get?: never;
    put?: never;
    /**
    * Takes the second factor away
    * @description Needs a person who signed in.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            password: string;
          };
        };
      };
      responses: {
        /** @description Gone */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundle-policy": {
    /**
    * What bundles of this tenant may ask of a device, and what the installation allows at most
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description The policy */
        200: {
          content: {
            "application/json": components["schemas"]["BundlePolicy"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /**
    * Changes what versions that are made from now on may ask of a device
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    patch: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            registries?: string[] | null;
            hostPaths?: {
              path: string;
              writable: boolean;
            }[] | null;
            hostPorts?: {
              from: number;
              to: number;
            }[] | null;
            loopbackOnly?: boolean;
            limitsRequired?: boolean;
            memoryBytesMax?: number | null;
            cpusMax?: number | null;
          };
        };
      };
      responses: {
        /** @description The policy */
        200: {
          content: {
            "application/json": components["schemas"]["BundlePolicy"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/bundles": {
    /**
    * Lists bundles by name
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": {
              bundles: components["schemas"]["Bundle"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a bundle, which versions are then released of
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name: string;
            /** @default  */
            description?: string;
          };
        };
      };
      responses: {
        /** @description The bundle */
        201: {
          content: {
            "application/json": components["schemas"]["Bundle"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/validate": {
    get?: never;
    put?: never;
    /**
    * Says whether these containers could be released, and what is wrong where
    * @description Needs a user with the role viewer or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            containers?: components["schemas"]["TakenContainers"];
          };
        };
      };
      responses: {
        /** @description The finding */
        200: {
          content: {
            "application/json": components["schemas"]["Validation"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/validate/compose": {
    get?: never;
    put?: never;
    /**
    * Reads a compose file into containers, and says at which line it asks for too much
    * @description Whatever a bundle can’t say, or may not, is refused; nothing is left out. Needs a user with the role viewer or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @description The file, at most 64 KiB */
            compose: string;
            /**
            * @description What tags in it stand for, by digest
            * @default {}
            */
            images?: {
              [key: string]: string;
            };
          };
        };
      };
      responses: {
        /** @description The finding */
        200: {
          content: {
            "application/json": components["schemas"]["ComposeFinding"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}": {
    /**
    * One bundle
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The bundle */
        200: {
          content: {
            "application/json": components["schemas"]["Bundle"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Deletes a bundle that nobody uses; a name that was released is not given again
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Changes the description, and the name while nothing is released under it
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    patch: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name?: string;
            description?: string;
          };
        };
      };
      responses: {
        /** @description The bundle */
        200: {
          content: {
            "application/json": components["schemas"]["Bundle"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/bundles/{id}/deprecation": {
    get?: never;
    /**
    * Says that no version of a bundle should be used any more, and why
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    put: {
      parameters: {
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            reason: string;
          };
        };
      };
      responses: {
        /** @description The bundle */
        200: {
          content: {
            "application/json": components["schemas"]["Bundle"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    /**
    * Takes back that a bundle is deprecated
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The bundle */
        200: {
          content: {
            "application/json": components["schemas"]["Bundle"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}/devices": {
    /**
    * Lists the devices that shall run a bundle, by version
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
          version?: string;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": {
              devices: components["schemas"]["AssignedDevice"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}/versions": {
    /**
    * Lists versions, the highest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": {
              versions: components["schemas"]["BundleVersion"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Releases a version: signed, and immutable from then on
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            version: string;
            containers?: components["schemas"]["TakenContainers"] & (unknown[] | null);
            /** @default  */
            releaseNotes?: string;
          };
        };
      };
      responses: {
        /** @description The version */
        201: {
          content: {
            "application/json": components["schemas"]["BundleVersion"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}/versions/{version}": {
    /**
    * One version
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
          version: string;
        };
      };
      responses: {
        /** @description The version */
        200: {
          content: {
            "application/json": components["schemas"]["BundleVersion"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Deletes a version that nobody uses; its number is not given again
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          version: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}/versions/{version}/deprecation": {
    get?: never;
    /**
    * Says that a version should not be used any more, and why
    * @description What runs it goes on, and rollouts may go back to it; a new rollout or assignment has to ask for it. Needs a user with the role operator or above, who is not held to some sites.
    */
    put: {
      parameters: {
        path: {
          id: string;
          version: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            reason: string;
          };
        };
      };
      responses: {
        /** @description The version */
        200: {
          content: {
            "application/json": components["schemas"]["BundleVersion"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    /**
    * Takes back that a version is deprecated
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          version: string;
        };
      };
      responses: {
        /** @description The version */
        200: {
          content: {
            "application/json": components["schemas"]["BundleVersion"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/bundles/{id}/versions/{version}/diff": {
    /**
    * What is different from another version, field by field, and what a device has to fetch
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query: {
          from: string;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
          version: string;
        };
      };
      responses: {
        /** @description The difference */
        200: {
          content: {
            "application/json": components["schemas"]["VersionDiff"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/certificates/authority": {
    /** The certificate of the authority that signs device certificates, in PEM */
    get: {
      parameters: {
      };
      responses: {
        /** @description The certificate */
        200: {
          content: {
            "application/x-pem-file": string;
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/certificates/revoked": {
    /** The signed list of revoked device certificates (CRL, DER) */
    get: {
      parameters: {
      };
      responses: {
        /** @description The list */
        200: {
          content: {
            "application/pkix-crl": string;
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices": {
    /**
    * Lists devices by name; a query such as `environment=production AND status=online` chooses
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          status?: "pending" | "approved" | "rejected" | "online" | "offline" | "never";
          site?: string;
          search?: string;
          query?: string;
          group?: string;
          /** @description Registered by this registration token */
          token?: string;
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              devices: components["schemas"]["Device"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /** Registers a device by a registration token */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            registrationToken: string;
            name: string;
            publicKey: string;
            sealingKey: string;
            agentVersion: string;
            platform: {
              os: string;
              architecture: string;
              hostname: string;
            };
          };
        };
      };
      responses: {
        /** @description This key is registered already */
        200: {
          content: {
            "application/json": {
              /** Format: uuid */
              deviceId: string;
              /** Format: uuid */
              tenantId: string;
              site: string;
              /** @enum {string} */
              status: "pending" | "approved" | "rejected";
              fingerprint: string;
            };
          };
        };
        /** @description Registered */
        201: {
          content: {
            "application/json": {
              /** Format: uuid */
              deviceId: string;
              /** Format: uuid */
              tenantId: string;
              site: string;
              /** @enum {string} */
              status: "pending" | "approved" | "rejected";
              fingerprint: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/bulk": {
    get?: never;
    put?: never;
    /**
    * Changes many devices, a batch at a time: tags, groups, approval, deletion
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            devices: {
              ids?: string[];
              /** @enum {string} */
              status?: "pending" | "approved" | "rejected" | "online" | "offline" | "never";
              site?: string;
              search?: string;
              query?: string;
              /** Format: uuid */
              group?: string;
              /**
              * Format: uuid
              * @description Registered by this registration token
              */
              token?: string;
            };
            action: {
              /** @enum {string} */
              kind: "tag";
              /** @default [] */
              set?: string[];
              /**
              * @description `ring=canary`, or `ring` whatever its value
              * @default []
              */
              unset?: string[];
            } | {
              /** @enum {string} */
              kind: "join";
              /** Format: uuid */
              group: string;
            } | {
              /** @enum {string} */
              kind: "leave";
              /** Format: uuid */
              group: string;
            } | {
              /** @enum {string} */
              kind: "approve";
            } | {
              /** @enum {string} */
              kind: "reject";
              reason?: string;
            } | {
              /** @enum {string} */
              kind: "delete";
            };
            cursor?: string;
            /** @default 200 */
            limit?: number;
          };
        };
      };
      responses: {
        /** @description What became of each device of this batch */
        200: {
          content: {
            "application/json": {
              results: {
                /** Format: uuid */
                deviceId: string;
                name: string | null;
                /** @enum {string} */
                outcome: "changed" | "unchanged" | "refused";
                reason: string | null;
              }[];
              /** @description Send it for the next batch */
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/count": {
    /**
    * Counts devices, chosen as in the list
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          status?: "pending" | "approved" | "rejected" | "online" | "offline" | "never";
          site?: string;
          search?: string;
          query?: string;
          group?: string;
          /** @description Registered by this registration token */
          token?: string;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description How many */
        200: {
          content: {
            "application/json": {
              devices: number;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}": {
    /**
    * One device; also one that was replaced or decommissioned, for its history
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The device */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Deletes a device: its credentials end at once; what runs on it is left running
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Renames a device, moves it to another site, or replaces its metadata
    * @description Needs a user with the role operator or above.
    */
    patch: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name?: string;
            site?: string;
            metadata?: {
              [key: string]: string;
            };
          };
        };
      };
      responses: {
        /** @description The device */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/devices/{id}/activity": {
    /**
    * Lists what was done to a device, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              activity: components["schemas"]["Activity"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/api-keys": {
    /**
    * Lists a device’s API keys, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The keys */
        200: {
          content: {
            "application/json": {
              apiKeys: components["schemas"]["ApiKey"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes an API key for a device; it is shown this once
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody?: {
        content: {
          "application/json": {
            /** @default 365 */
            validityDays?: number;
          };
        };
      };
      responses: {
        /** @description The key */
        201: {
          content: {
            "application/json": components["schemas"]["ApiKey"] & {
              apiKey: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/api-keys/{keyId}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Revokes an API key at once
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          keyId: string;
        };
      };
      responses: {
        /** @description Revoked */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/approve": {
    get?: never;
    put?: never;
    /**
    * Lets a device in; it fetches its credentials by itself
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The device */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/authentications": {
    /**
    * Lists how a device proved itself or failed to, newest hour first; kept for 30 days
    * @description Needs a user with the role operator or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              authentications: components["schemas"]["Authentication"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/bundle": {
    get?: never;
    put?: never;
    /**
    * Puts a bundle version on a device, outside of any rollout
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** Format: uuid */
            bundleId: string;
            version: string;
            /**
            * @description Deprecated versions are refused unless this says so
            * @default false
            */
            allowDeprecated?: boolean;
          };
        };
      };
      responses: {
        /** @description What is wanted now */
        200: {
          content: {
            "application/json": components["schemas"]["Assigned"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/bundle/{bundleId}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Takes a bundle from a device
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          bundleId: string;
        };
      };
      responses: {
        /** @description What is wanted now */
        200: {
          content: {
            "application/json": components["schemas"]["Assigned"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/certificates": {
    /**
    * Lists a device’s certificates, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The certificates */
        200: {
          content: {
            "application/json": {
              certificates: components["schemas"]["Certificate"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Issues a certificate for a key that the device made; also to renew one
    * @description Needs an approved device.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @description PKCS#10 in PEM, signed by the P-256 key it is for */
            request: string;
          };
        };
      };
      responses: {
        /** @description The certificate, and the one of the authority that signed it, in PEM */
        201: {
          content: {
            "application/json": {
              serial: string;
              certificate: string;
              authority: string;
              /** Format: date-time */
              expiresAt: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/certificates/{serial}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Revokes a certificate: our own listener refuses it at once
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          serial: string;
        };
      };
      responses: {
        /** @description Revoked */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/decommission": {
    get?: never;
    put?: never;
    /**
    * Takes a device out for good: its credentials end at once, and once it hears so it wipes its keys and data, and what it runs if so wished. Afterwards it can be registered afresh, with any tenant
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            wipe: "data" | "workloads";
          };
        };
      };
      responses: {
        /** @description Decommissioned */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/desired-state": {
    /**
    * What is wanted of a device, with the signed record
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The desired state */
        200: {
          content: {
            "application/json": components["schemas"]["DesiredState"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/enrolment": {
    /**
    * How a device’s registration stands; once approved, its credentials
    * @description Needs a registered device.
    */
    get: {
      parameters: {
        query?: {
          rootsAfter?: number | null;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description How it stands */
        200: {
          content: {
            "application/json": {
              /** @enum {string} */
              status: "pending";
            } | {
              /** @enum {string} */
              status: "rejected";
              reason: string | null;
            } | {
              /** @enum {string} */
              status: "approved";
              enrolment: {
                /** Format: uuid */
                deviceId: string;
                /** Format: uuid */
                tenantId: string;
                tenantKey: string;
                site: string;
                name: string;
                nats: {
                  operatorJwt: string;
                  systemAccountKey: string;
                  systemAccountJwt: string;
                  leafAccountJwt: string;
                  deviceJwt: string;
                  gatewayJwt: string;
                  hubUrls: string[];
                  leafUrls: string[];
                };
                records: {
                  root: string;
                  keyset: string;
                  revocation: string;
                  roster: string;
                  siteKey: string;
                };
              };
              roots?: string[];
            } | {
              /** @enum {string} */
              status: "removed";
              /** @enum {string} */
              removal: "deleted" | "replaced" | "decommissioned";
              roots: string[];
              keyset: string;
              revocation: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * A decommissioned device says that it has wiped what it was told to
    * @description Needs a registered device.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Noted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/events": {
    /**
    * What happened on the device, newest first
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page of events */
        200: {
          content: {
            "application/json": components["schemas"]["DeviceEvents"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/groups": {
    /**
    * Lists the groups that a device is in now
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description All of them */
        200: {
          content: {
            "application/json": {
              groups: {
                /** Format: uuid */
                id: string;
                name: string;
                /** @enum {string} */
                origin: "query" | "person" | "registration-token";
                /** Format: date-time */
                addedAt: string | null;
                addedBy: string | null;
              }[];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/health": {
    /**
    * How well the device is: 0–100 in four parts, with the reasons in words
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Its health */
        200: {
          content: {
            "application/json": components["schemas"]["DeviceHealth"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/heartbeat": {
    get?: never;
    put?: never;
    /**
    * Says that the device is there, and when it will say so again
    * @description Needs an approved device.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @default 60000 */
            nextBeatMs?: number;
          };
        };
      };
      responses: {
        /** @description Heard */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/metrics": {
    /**
    * Samples over time (10 metrics), thinned to at most maxPoints
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        query?: {
          /** @description ISO 8601, or milliseconds since 1970 */
          from?: string;
          /** @description ISO 8601, or milliseconds since 1970 */
          to?: string;
          maxPoints?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The series */
        200: {
          content: {
            "application/json": components["schemas"]["MetricsSeries"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Stores samples; those without a time get the time of arrival
    * @description Needs an approved device.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            samples: {
              at?: number;
              cpuPercent?: number | null;
              memoryPercent?: number | null;
              memoryUsedBytes?: number | null;
              diskPercent?: number | null;
              diskUsedBytes?: number | null;
              networkReceivedBytes?: number | null;
              networkSentBytes?: number | null;
              loadAverage?: number | null;
              temperatureCelsius?: number | null;
              uptimeSeconds?: number | null;
            }[];
          };
        };
      };
      responses: {
        /** @description How many were stored */
        201: {
          content: {
            "application/json": {
              stored: number;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/presence": {
    /**
    * Whether the device is heard of
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Presence */
        200: {
          content: {
            "application/json": components["schemas"]["Presence"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/reject": {
    get?: never;
    put?: never;
    /**
    * Turns a waiting device away
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody?: {
        content: {
          "application/json": {
            reason?: string;
          };
        };
      };
      responses: {
        /** @description The device */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/replace": {
    get?: never;
    put?: never;
    /**
    * Puts a device that waits for approval in the place of this one: it takes over name, site, tags, groups and desired state; this one is revoked for good
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** Format: uuid */
            by: string;
          };
        };
      };
      responses: {
        /** @description The device in its new place */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/reported": {
    /**
    * The device's newest account of itself
    * @description Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The reported state */
        200: {
          content: {
            "application/json": components["schemas"]["ReportedState"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/devices/{id}/tags": {
    get?: never;
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /**
    * Sets tags of a device and takes others off; a key has one value
    * @description Needs a user with the role operator or above.
    */
    patch: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @default [] */
            set?: string[];
            /**
            * @description `ring=canary`, or `ring` whatever its value
            * @default []
            */
            unset?: string[];
          };
        };
      };
      responses: {
        /** @description The device */
        200: {
          content: {
            "application/json": components["schemas"]["Device"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/groups": {
    /**
    * Lists groups by name
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page; how many are in a dynamic group says the group itself */
        200: {
          content: {
            "application/json": {
              groups: components["schemas"]["Group"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a group: with a query a dynamic one, without one a static one
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name: string;
            /** @default  */
            description?: string;
            /** @description Of a dynamic group; who answers it is in it */
            query?: string;
          };
        };
      };
      responses: {
        /** @description The group */
        201: {
          content: {
            "application/json": components["schemas"]["Group"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/groups/{id}": {
    /**
    * One group, with how many devices are in it now
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The group */
        200: {
          content: {
            "application/json": components["schemas"]["Group"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Deletes a group; its devices stay as they are
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Changes name, description or query; static stays static and dynamic dynamic
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    patch: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name?: string;
            description?: string;
            /** @description Of a dynamic group; who answers it is in it */
            query?: string;
          };
        };
      };
      responses: {
        /** @description The group */
        200: {
          content: {
            "application/json": components["schemas"]["Group"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/groups/{id}/members": {
    /**
    * Lists the devices of a group by name, with how each came to be in it
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              members: {
                device: components["schemas"]["Device"];
                /** @enum {string} */
                origin: "query" | "person" | "registration-token";
                /** Format: date-time */
                addedAt: string | null;
                addedBy: string | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/identity-provider": {
    /**
    * The provider whose people may sign in to this tenant
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description The provider */
        200: {
          content: {
            "application/json": components["schemas"]["IdentityProvider"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    /**
    * Lets the people of a provider sign in, by OpenID Connect
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    put: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            name: string;
            /** Format: uri */
            issuer: string;
            clientId: string;
            /** @default false */
            listed?: boolean;
            /** @default groups */
            roleClaim?: string;
            /** @default [] */
            roleRules?: {
              value: string;
              /** @enum {string} */
              role: "viewer" | "operator" | "admin";
              sites: string[] | null;
            }[];
            /**
            * @default null
            * @enum {string|null}
            */
            defaultRole?: "viewer" | "operator" | "admin" | null;
            /** @default false */
            linkByEmail?: boolean;
            clientSecret?: string | null;
          };
        };
      };
      responses: {
        /** @description The provider */
        200: {
          content: {
            "application/json": components["schemas"]["IdentityProvider"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    /**
    * Takes the provider away; its people can not sign in with it any more
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
      };
      responses: {
        /** @description Gone */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/keys": {
    /**
    * Shows the root and the key set in force, and the key set that should follow
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description The keys */
        200: {
          content: {
            "application/json": components["schemas"]["Keys"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Hands in a key set that was signed outside, and the next root if there is one
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            root: string | null;
            keyset: string;
          };
        };
      };
      responses: {
        /** @description The keys as they are now */
        200: {
          content: {
            "application/json": components["schemas"]["Keys"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/keys/rotate": {
    get?: never;
    put?: never;
    /**
    * Adds the next key of a role, replaces all older ones by it, or withdraws those
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            role: "release" | "director" | "ingest" | "membership";
            /** @enum {string} */
            change: "add" | "replace" | "withdraw-old";
          };
        };
      };
      responses: {
        /** @description The keys as they are now */
        200: {
          content: {
            "application/json": components["schemas"]["Keys"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-channels": {
    /**
    * Lists channels and how each does
    * @description Needs a user with the role viewer or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All, by name */
        200: {
          content: {
            "application/json": {
              channels: components["schemas"]["NotificationChannel"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a channel
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            kind: "email";
            name: string;
            settings: {
              host: string;
              /** @default 587 */
              port?: number;
              /**
              * @default starttls
              * @enum {string}
              */
              security?: "starttls" | "tls" | "none";
              /** @default null */
              username?: string | null;
              password?: string;
              /** Format: email */
              from: string;
              to: string[];
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "slack";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "teams";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "pagerduty";
            name: string;
            settings: {
              routingKey?: string;
              /**
              * Format: uri
              * @default https://events.pagerduty.com/v2/enqueue
              */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "webhook";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          };
        };
      };
      responses: {
        /** @description The channel */
        201: {
          content: {
            "application/json": components["schemas"]["MadeNotificationChannel"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-channels/{id}": {
    /**
    * Shows a channel and how it does
    * @description Needs a user with the role viewer or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The channel */
        200: {
          content: {
            "application/json": components["schemas"]["NotificationChannel"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    /**
    * Changes a channel; secrets that are left out stay while the address does
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    put: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            kind: "email";
            name: string;
            settings: {
              host: string;
              /** @default 587 */
              port?: number;
              /**
              * @default starttls
              * @enum {string}
              */
              security?: "starttls" | "tls" | "none";
              /** @default null */
              username?: string | null;
              password?: string;
              /** Format: email */
              from: string;
              to: string[];
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "slack";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "teams";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "pagerduty";
            name: string;
            settings: {
              routingKey?: string;
              /**
              * Format: uri
              * @default https://events.pagerduty.com/v2/enqueue
              */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          } | {
            /** @enum {string} */
            kind: "webhook";
            name: string;
            settings: {
              /** Format: uri */
              url?: string;
            };
            /** @default true */
            enabled?: boolean;
            /** @default {} */
            hears?: {
              /**
              * @default {
              *       "severities": [
              *         "info",
              *         "warning",
              *         "critical"
              *       ],
              *       "happenings": [
              *         "raised",
              *         "escalated",
              *         "acknowledged",
              *         "resolved"
              *       ],
              *       "sites": null
              *     }
              */
              alerts?: {
                /**
                * @default [
                *       "info",
                *       "warning",
                *       "critical"
                *     ]
                */
                severities?: ("info" | "warning" | "critical")[];
                /**
                * @default [
                *       "raised",
                *       "escalated",
                *       "acknowledged",
                *       "resolved"
                *     ]
                */
                happenings?: ("raised" | "escalated" | "acknowledged" | "resolved")[];
                /** @default null */
                sites?: string[] | null;
              } | null;
              /** @default [] */
              events?: string[];
            };
          };
        };
      };
      responses: {
        /** @description The channel */
        200: {
          content: {
            "application/json": components["schemas"]["NotificationChannel"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    /**
    * Deletes a channel with its log; what waits for it is not sent
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-channels/{id}/deliveries": {
    /**
    * Lists deliveries of a channel, newest first
    * @description Needs a user with the role viewer or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          status?: "waiting" | "delivered" | "given-up" | "passed-over";
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              deliveries: components["schemas"]["NotificationDelivery"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-channels/{id}/signing-key": {
    get?: never;
    put?: never;
    /**
    * Makes a new signing key for a webhook; the one before it signs for another day
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The key, shown this once */
        201: {
          content: {
            "application/json": {
              signingKey: string;
              /** Format: date-time */
              previousUntil: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-channels/{id}/test": {
    get?: never;
    put?: never;
    /**
    * Sends a test now, also when the channel is paused, and tells what the receiver said
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description What became of it */
        200: {
          content: {
            "application/json": components["schemas"]["NotificationTest"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-deliveries": {
    /**
    * Lists deliveries of all channels, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          status?: "waiting" | "delivered" | "given-up" | "passed-over";
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              deliveries: components["schemas"]["NotificationDelivery"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/notification-deliveries/{id}/retry": {
    get?: never;
    put?: never;
    /**
    * Tries a delivery again: one that was given up, or one that waits, at once
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The delivery */
        200: {
          content: {
            "application/json": components["schemas"]["NotificationDelivery"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/quotas": {
    /**
    * What the tier of the tenant allows, and how much of it is used
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description Tier, limits and use */
        200: {
          content: {
            "application/json": components["schemas"]["Quotas"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/registration-tokens": {
    /**
    * Lists registration tokens, newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              registrationTokens: components["schemas"]["RegistrationToken"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a registration token; it is shown this once
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @default  */
            description?: string;
            site: string;
            /** @default 1 */
            maxUses?: number;
            /** @default 30 */
            validityDays?: number;
            /** @default false */
            autoApprove?: boolean;
            /**
            * Format: uuid
            * @description A static group for its devices
            */
            group?: string;
            /**
            * @description Tags for its devices
            * @default []
            */
            tags?: string[];
          };
        };
      };
      responses: {
        /** @description The token */
        201: {
          content: {
            "application/json": components["schemas"]["RegistrationToken"] & {
              token: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/registration-tokens/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Revokes a registration token; devices that used it stay
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Revoked */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/releases/{digest}": {
    /**
    * The signed release envelope that a desired state names, byte for byte
    * @description Needs an approved device.
    */
    get: {
      parameters: {
        path: {
          digest: string;
        };
      };
      responses: {
        /** @description The envelope */
        200: {
          content: {
            "application/vnd.signalbeam.release+json": {
              payloadType: string;
              payload: string;
              signatures: {
                keyid: string;
                sig: string;
              }[];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts": {
    /**
    * Lists rollouts, the newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": {
              rollouts: components["schemas"]["Rollout"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Rolls a version out to devices, in waves or all at once
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** Format: uuid */
            bundleId: string;
            version: string;
            deviceIds?: string[];
            target?: components["schemas"]["RolloutTarget"];
            /** @default [] */
            waves?: {
              name: string;
              size: components["schemas"]["WaveSize"];
              gate?: components["schemas"]["WaveGate"];
            }[];
            /**
            * @default pause
            * @enum {string}
            */
            onFailure?: "pause" | "roll-back";
            pace?: components["schemas"]["RolloutPace"];
            lateJoiners?: boolean;
            /** Format: date-time */
            startAt?: string;
            /**
            * @description Deprecated versions are refused unless this says so
            * @default false
            */
            allowDeprecated?: boolean;
          };
        };
      };
      responses: {
        /** @description The rollout */
        201: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/preview": {
    get?: never;
    put?: never;
    /**
    * Says which devices a rollout would reach in which wave, and starts nothing
    * @description Needs a user with the role viewer or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** Format: uuid */
            bundleId: string;
            version: string;
            deviceIds?: string[];
            target?: components["schemas"]["RolloutTarget"];
            /** @default [] */
            waves?: {
              name: string;
              size: components["schemas"]["WaveSize"];
              gate?: components["schemas"]["WaveGate"];
            }[];
            /**
            * @default pause
            * @enum {string}
            */
            onFailure?: "pause" | "roll-back";
            pace?: components["schemas"]["RolloutPace"];
            lateJoiners?: boolean;
            /** Format: date-time */
            startAt?: string;
            /**
            * @description Deprecated versions are refused unless this says so
            * @default false
            */
            allowDeprecated?: boolean;
          };
        };
      };
      responses: {
        /** @description The waves as they would be */
        200: {
          content: {
            "application/json": components["schemas"]["RolloutPreview"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}": {
    /**
    * One rollout, with what it waits for
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/advance": {
    get?: never;
    put?: never;
    /**
    * Lets the wave at work pass, whatever its gate says
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/approve": {
    get?: never;
    put?: never;
    /**
    * Approves the wave that waits for it
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/cancel": {
    get?: never;
    put?: never;
    /**
    * Stops it: unfinished devices get back what they had
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/devices": {
    /**
    * How each of its devices stands
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
          status?: "planned" | "pending" | "in-progress" | "succeeded" | "failed" | "cancelled" | "rolling-back" | "rolled-back";
          cause?: string;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description A page of them, by name */
        200: {
          content: {
            "application/json": {
              devices: components["schemas"]["RolloutDevice"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/failures": {
    /**
    * Its failed devices by cause, the most frequent first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The causes */
        200: {
          content: {
            "application/json": components["schemas"]["RolloutFailures"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/pause": {
    get?: never;
    put?: never;
    /**
    * Holds it: nobody more is told, who has not begun gets back what it had
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/resume": {
    get?: never;
    put?: never;
    /**
    * Lets it go on, without holding its failures so far against it
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/retry": {
    get?: never;
    put?: never;
    /**
    * Lets its failed devices try again
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/rollouts/{id}/rollback": {
    get?: never;
    put?: never;
    /**
    * Takes it back: every device it reached gets what it had before
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The rollout */
        200: {
          content: {
            "application/json": components["schemas"]["Rollout"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/service-accounts": {
    /**
    * Lists service accounts with their tokens
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All */
        200: {
          content: {
            "application/json": {
              serviceAccounts: components["schemas"]["ServiceAccount"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes an account for a program; it needs a token to do anything
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name: string;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            sites?: string[] | null;
          };
        };
      };
      responses: {
        /** @description The account */
        201: {
          content: {
            "application/json": components["schemas"]["ServiceAccount"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/service-accounts/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Deletes an account; its tokens end at once
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/service-accounts/{id}/tokens": {
    get?: never;
    put?: never;
    /**
    * Makes a token, shown once; at most two live at the same time
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            /** @enum {string} */
            role?: "viewer" | "operator" | "admin";
            /** @default 90 */
            validityDays?: number;
          };
        };
      };
      responses: {
        /** @description The token; `token` is shown this once */
        201: {
          content: {
            "application/json": {
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
              token: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/service-accounts/{id}/tokens/{tokenId}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Revokes a token at once
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
          tokenId: string;
        };
      };
      responses: {
        /** @description Revoked */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/sites": {
    /**
    * Lists sites by name, with how many devices are at each
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              sites: components["schemas"]["Site"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a site
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name: string;
            /** @default  */
            title?: string;
          };
        };
      };
      responses: {
        /** @description The site */
        201: {
          content: {
            "application/json": components["schemas"]["Site"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/sites/{name}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Deletes a site at which nothing is
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          name: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Gives a site another title; its name is signed and stays
    * @description Needs a user with the role operator or above.
    */
    patch: {
      parameters: {
        path: {
          name: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            title: string;
          };
        };
      };
      responses: {
        /** @description The site */
        200: {
          content: {
            "application/json": components["schemas"]["Site"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/sites/{name}/grants": {
    /**
    * Lists the technicians’ grants of a site, the newest first
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          name: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              grants: components["schemas"]["SiteGrant"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Lets a technician sign in at the devices of a site; the grant is shown this once
    * @description Needs a user with the role operator or above.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          name: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            holder: string;
            /** @default 24 */
            validityHours?: number;
          };
        };
      };
      responses: {
        /** @description The grant and its text */
        201: {
          content: {
            "application/json": components["schemas"]["IssuedSiteGrant"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/sites/{name}/grants/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Takes a technician’s grant back: online devices know within a minute, others when they link
    * @description Needs a user with the role operator or above.
    */
    delete: {
      parameters: {
        path: {
          name: string;
          id: string;
        };
      };
      responses: {
        /** @description Taken back */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/stream": {
    /**
    * What changes, as server-sent events
    * @description Events `device`, `rollout`, `alert`, `metrics`, `reported`, `event` with data `{type, at, data}`; `resync` when something was missed. Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          topics?: string;
        };
      };
      responses: {
        /** @description The stream */
        200: {
          content: {
            "text/event-stream": string;
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/tags": {
    /**
    * Lists the tags in use, with how many devices have each
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          /** @description Empty: bare tags only */
          key?: string;
          /** @description What a value starts with */
          prefix?: string;
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page */
        200: {
          content: {
            "application/json": {
              tags: {
                tag: string;
                key: string | null;
                value: string;
                devices: number;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/tags/suggestions": {
    /**
    * Judges a query that is being written, and says what may stand at the caret
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          query?: string;
          at?: number | null;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description What may come next */
        200: {
          content: {
            "application/json": {
              fault: {
                message: string;
                start: number;
                end: number;
              } | null;
              replace: {
                start: number;
                end: number;
              };
              suggestions: {
                text: string;
                /** @enum {string} */
                kind: "key" | "tag" | "value" | "word";
                hint: string;
              }[];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/dead-letters": {
    /**
    * Messages and rows that could not be taken, the newest first
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          kind?: "ingest" | "events";
          cursor?: string;
          limit?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A page of them */
        200: {
          content: {
            "application/json": components["schemas"]["DeadLetters"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/dead-letters/{id}": {
    /**
    * One of them, without its secrets
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The letter */
        200: {
          content: {
            "application/json": components["schemas"]["WholeDeadLetter"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Throws it away
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Thrown away */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/dead-letters/{id}/replay": {
    get?: never;
    put?: never;
    /**
    * Tries it again, and takes it off the list
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description What became of it */
        200: {
          content: {
            "application/json": components["schemas"]["ReplayedDeadLetter"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/health": {
    /**
    * How well the fleet is: how many devices are healthy, degraded, critical, silent
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description Counts of the devices that you see */
        200: {
          content: {
            "application/json": components["schemas"]["FleetHealth"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/metrics": {
    /**
    * Metrics of several devices over time, from samples, hours or days
    * @description Devices that the caller does not see are left out. Needs a user with the role viewer or above, or the approved device itself.
    */
    get: {
      parameters: {
        query: {
          /** @description Ids with commas in between, at most 20 */
          devices: string;
          /** @description Of cpuPercent, memoryPercent, memoryUsedBytes, diskPercent, diskUsedBytes, networkReceivedBytes, networkSentBytes, loadAverage, temperatureCelsius, uptimeSeconds; all if left out */
          metrics?: string;
          /** @description ISO 8601, or milliseconds since 1970 */
          from?: string;
          /** @description ISO 8601, or milliseconds since 1970 */
          to?: string;
          /** @description 30s, 5m, 1h, 1d; what suits maxPoints if left out */
          step?: string;
          aggregate?: "avg" | "min" | "max" | "sum" | "count" | "last";
          maxPoints?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A series for each device that the caller sees */
        200: {
          content: {
            "application/json": components["schemas"]["MetricsAnswer"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/retention": {
    /**
    * For how many days samples, hours, events and dead letters are kept
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description What is kept, and what the tier allows */
        200: {
          content: {
            "application/json": components["schemas"]["Retention"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    /**
    * Chooses for how many days; null is the default of the tier
    * @description What is older is removed within a day, and does not come back. Needs a user with the role admin or above, who is not held to some sites.
    */
    put: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            metricsDays: number | null;
            hoursDays: number | null;
            eventsDays: number | null;
            deadLettersDays: number | null;
          };
        };
      };
      responses: {
        /** @description What is kept from now on */
        200: {
          content: {
            "application/json": components["schemas"]["Retention"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/telemetry/session": {
    /**
    * Whether the sign-in still holds
    * @description Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
      };
      responses: {
        /** @description It does */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/users": {
    /**
    * Lists the people of the tenant
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All */
        200: {
          content: {
            "application/json": {
              users: components["schemas"]["User"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Lets a person sign in
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            email: string;
            name: string;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            /** @default null */
            sites?: string[] | null;
            password: string;
          };
        };
      };
      responses: {
        /** @description The person */
        201: {
          content: {
            "application/json": components["schemas"]["User"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/users/invitations": {
    /**
    * Lists invitations that nobody took yet
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description All */
        200: {
          content: {
            "application/json": {
              invitations: components["schemas"]["Invitation"][];
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Invites a person; a new invitation ends an earlier one for the same address
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    post: {
      parameters: {
        header?: {
          /** @description Made up for this request and sent again with its repeats: these get the first answer. Kept for a day. */
          "Idempotency-Key"?: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            email: string;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            sites?: string[] | null;
            /** @default 7 */
            validityDays?: number;
          };
        };
      };
      responses: {
        /** @description The invitation; `secret` and `link` are shown this once */
        201: {
          content: {
            "application/json": {
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
              secret: string;
              link: string;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/users/invitations/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Withdraws an invitation
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Withdrawn */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/users/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Deletes a person and ends their sign-ins; what they did stays in the audit log
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Deleted */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    /**
    * Changes a person’s name or role, or disables them
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    patch: {
      parameters: {
        path: {
          id: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            name?: string;
            /** @enum {string} */
            role?: "viewer" | "operator" | "admin";
            sites?: string[] | null;
            disabled?: boolean;
          };
        };
      };
      responses: {
        /** @description The person */
        200: {
          content: {
            "application/json": components["schemas"]["User"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    trace?: never;
  };
  "/api/users/{id}/totp": {
    get?: never;
    put?: never;
    post?: never;
    /**
    * Takes a person’s second factor away, when they lost it, and ends their sign-ins
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Gone */
        204: {
          content?: never;
        };
        default: components["responses"]["Refused"];
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
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
      }[];
      containers?: components["schemas"]["Containers"];
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
      waves: {
        name: string;
        devices: number;
        first: {
          /** Format: uuid */
          deviceId: string;
          name: string;
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
      }[];
      /** Format: date-time */
      createdAt: string;
      createdBy: string;
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
      unreached: number;
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
      source: "samples" | "hours" | "days";
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
        };
        reconciliation: {
          points: number;
          most: number;
          says: string;
        };
        resources: {
          points: number;
          most: number;
          says: string;
        };
        stability: {
          points: number;
          most: number;
          says: string;
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
      source: "samples" | "hours" | "days";
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
      type: "device-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "high-temperature" | "rollout-failed";
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
      builtIn: boolean;
      changed: boolean;
      consequence: string;
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
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
