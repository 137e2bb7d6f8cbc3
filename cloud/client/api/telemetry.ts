/**
 * The types of the API: telemetry, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
import type { components } from './schemas.ts';

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
            type: "device-offline" | "device-unhealthy" | "high-error-rate" | "high-cpu" | "high-memory" | "low-disk" | "low-battery" | "high-temperature" | "rollout-failed";
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
            /** Format: uuid */
            groupId?: string | null;
            query?: string | null;
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
            enabled?: boolean;
            /** @enum {string} */
            severity?: "info" | "warning" | "critical";
            threshold?: number | null;
            clearThreshold?: number | null;
            forSeconds?: number;
            clearSeconds?: number;
            escalateAfterSeconds?: number | null;
            site?: string | null;
            /** Format: uuid */
            groupId?: string | null;
            query?: string | null;
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
    * Sets a rule back to the built-in one of its type; a rule of one’s own keeps its name and whom it is for
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
  "/api/devices/{id}/logs": {
    /**
    * A container’s last lines, then each new one, as server-sent events
    * @description Events: `opened`; `lines` with `entries`: `{at, output, text}`, `{leftOut}` where lines came faster than they are shown, `{at, note}` when the container stopped, started or was replaced; `ended` with `reason`, `says` and, of a device that does not answer, `lastSeenAt` and the `lastFailure`. Ends after half an hour at the latest. Needs a user with the role operator or above.
    */
    get: {
      parameters: {
        query: {
          container: string;
          /** @description By name, where two bundles have a container of this name */
          bundle?: string;
          tail?: number | null;
          /** @description No lines older than this, by the device’s clock */
          since?: string;
          follow?: "true" | "false";
        };
        path: {
          id: string;
        };
      };
      responses: {
        /** @description The log */
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
  "/api/telemetry/dead-letters": {
    /**
    * Messages and rows that could not be taken, the newest first
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          kind?: "ingest" | "events";
          cause?: string;
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
  "/api/telemetry/dead-letters/causes": {
    /**
    * How many letters there are of each cause, and since when
    * @description Needs a user with the role admin or above, who is not held to some sites.
    */
    get: {
      parameters: {
        query?: {
          kind?: "ingest" | "events";
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description The causes, those of most letters first */
        200: {
          content: {
            "application/json": components["schemas"]["DeadLetterCauses"];
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
  "/api/telemetry/dead-letters/discard": {
    get?: never;
    put?: never;
    /**
    * Throws those of a cause away
    * @description At most 500 at each request. Needs a user with the role admin or above, who is not held to some sites.
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
            kind: "ingest" | "events";
            cause: string;
            cursor?: string;
          };
        };
      };
      responses: {
        /** @description How many are gone, and whether there are more */
        200: {
          content: {
            "application/json": components["schemas"]["DeadLettersDone"];
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
  "/api/telemetry/dead-letters/replay": {
    get?: never;
    put?: never;
    /**
    * Tries those of a cause again, in the order in which they came
    * @description At most 50 at each request. When the hub goes away, those before it are done. Needs a user with the role admin or above, who is not held to some sites.
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
            kind: "ingest" | "events";
            cause: string;
            cursor?: string;
          };
        };
      };
      responses: {
        /** @description What became of them, and whether there are more */
        200: {
          content: {
            "application/json": components["schemas"]["DeadLettersDone"];
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
    * Metrics of several devices over time, from samples, minutes, hours or days
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
  "/api/telemetry/percentiles": {
    /**
    * How a metric is spread over the devices of a site or a group: p50, p95 and p99
    * @description Of what each device was in a step (its mean there, unless `each` says otherwise), not of single samples. Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query: {
          site?: string;
          groupId?: string;
          metric: "cpuPercent" | "memoryPercent" | "memoryUsedBytes" | "diskPercent" | "diskUsedBytes" | "loadAverage" | "temperatureCelsius";
          each?: "avg" | "min" | "max";
          /** @description ISO 8601, or milliseconds since 1970 */
          from?: string;
          /** @description ISO 8601, or milliseconds since 1970 */
          to?: string;
          /** @description 30s, 5m, 1h, 1d; what suits maxPoints if left out */
          step?: string;
          maxPoints?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description A point for each step */
        200: {
          content: {
            "application/json": components["schemas"]["MetricPercentiles"];
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
        header?: {
          /** @description The ETag of what was read: 412 if it was changed since */
          "If-Match"?: string;
        };
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
  "/api/telemetry/retention/preview": {
    /**
    * What a choice of days would remove, before it is made
    * @description What is left out is the default of the tier. Needs a user with the role viewer or above.
    */
    get: {
      parameters: {
        query?: {
          metricsDays?: number;
          hoursDays?: number;
          eventsDays?: number;
          deadLettersDays?: number;
        };
        header?: {
          /** @description The ETag of what is known: 304 if it is the same */
          "If-None-Match"?: string;
        };
      };
      responses: {
        /** @description What would be kept for another time than now */
        200: {
          content: {
            "application/json": components["schemas"]["RetentionPreview"];
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
}
