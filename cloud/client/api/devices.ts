/**
 * The types of the API: devices, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
import type { components } from './schemas.ts';

export interface paths {
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
    * Lists devices by name or health; a query such as `environment=production AND status=online` chooses
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
          /** @description By name, or the worst health first and those without a score at the end */
          sort?: "name" | "health";
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
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
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
  "/api/sites/{name}/windows": {
    get?: never;
    /**
    * Says when rollouts may change devices of a site; empty: at any time
    * @description Needs a user with the role operator or above.
    */
    put: {
      parameters: {
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
        path: {
          name: string;
        };
      };
      requestBody: {
        content: {
          "application/json": {
            windows: components["schemas"]["SiteWindow"][];
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
}
