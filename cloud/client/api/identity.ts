/**
 * The types of the API: identity, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
import type { components } from './schemas.ts';

export interface paths {
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
    /** Where else people sign in, or sign up: the buttons of the sign-in page */
    get: {
      parameters: {
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description Those that are listed, and whether one can sign up */
        200: {
          content: {
            "application/json": {
              providers: {
                /** Format: uuid */
                tenantId: string;
                name: string;
              }[];
              signUp: boolean;
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
  "/api/auth/sign-up": {
    get?: never;
    put?: never;
    /** Asks for a tenant of one’s own: a mail with a link is sent to this address */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            email: string;
          };
        };
      };
      responses: {
        /** @description Heard; the answer is the same for every address */
        202: {
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
  "/api/auth/sign-up/confirmation": {
    get?: never;
    put?: never;
    /** Takes the link: makes the tenant and its admin, and signs in */
    post: {
      parameters: {
      };
      requestBody: {
        content: {
          "application/json": {
            secret: string;
            tenantName: string;
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
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
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
  "/api/identity-provider/check": {
    get?: never;
    put?: never;
    /**
    * Reads what a provider says of itself, as a sign-in would; nothing is kept
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
            /** Format: uri */
            issuer: string;
          };
        };
      };
      responses: {
        /** @description What was found, step by step */
        200: {
          content: {
            "application/json": {
              ok: boolean;
              findings: {
                /** @enum {string} */
                what: "description" | "issuer" | "endpoints" | "flow" | "keys";
                ok: boolean;
                detail: string;
              }[];
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
