/**
 * The types of the API: bundles, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
import type { components } from './schemas.ts';

export interface paths {
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
        /** @description The content */
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
  "/api/artifacts/linked/blobs/{digest}": {
    /** Opens a link to a blob; HEAD, Range and If-None-Match are understood */
    get: {
      parameters: {
        query: {
          tenant: string;
          /** @description Who made the link */
          by: string;
          expires: string;
          signature: string;
        };
        path: {
          digest: string;
        };
      };
      responses: {
        /** @description The content */
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
  "/api/artifacts/linked/images/{tenant}/{digest}": {
    /** Opens a link to an image, as an OCI archive that docker load reads, too */
    get: {
      parameters: {
        query: {
          name: string;
          /** @description Who made the link */
          by: string;
          expires: string;
          signature: string;
        };
        path: {
          tenant: string;
          digest: string;
        };
      };
      responses: {
        /** @description The content */
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
  "/api/artifacts/links": {
    get?: never;
    put?: never;
    /**
    * Makes a link for downloading one image or blob, for a few minutes
    * @description At most 60 minutes. Ranges and entity tags are understood there, so that a download that was cut goes on. Needs a user with the role operator or above, who is not held to some sites.
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
            kind: "image";
            name: string;
            digest: string;
            /** @default 15 */
            validMinutes?: number;
          } | {
            /** @enum {string} */
            kind: "blob";
            digest: string;
            /** @default 15 */
            validMinutes?: number;
          };
        };
      };
      responses: {
        /** @description The link */
        201: {
          content: {
            "application/json": components["schemas"]["DownloadLink"];
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
  "/api/artifacts/upload-parts/{id}/{index}": {
    get?: never;
    /**
    * Takes one part; sending it again does nothing
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    put: {
      parameters: {
        path: {
          id: string;
          index: number | null;
        };
      };
      requestBody: {
        content: {
          "application/octet-stream": string;
        };
      };
      responses: {
        /** @description It is here */
        204: {
          content?: never;
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
  "/api/artifacts/uploads": {
    get?: never;
    put?: never;
    /**
    * Begins an upload in parts, or goes on with the same one
    * @description The digest is the SHA-256 of the whole archive. Needs a user with the role operator or above, who is not held to some sites.
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
            digest: string;
            sizeBytes: number;
            /** @description SHA-256 of each 16777216 bytes, the last of what is left */
            parts: string[];
            name?: string;
          };
        };
      };
      responses: {
        /** @description The upload, and what of it is here */
        201: {
          content: {
            "application/json": components["schemas"]["ArtifactUpload"];
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
  "/api/artifacts/uploads/{id}": {
    /**
    * Says which parts of an upload are here
    * @description Needs a user with the role operator or above, who is not held to some sites.
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
        /** @description The upload */
        200: {
          content: {
            "application/json": components["schemas"]["ArtifactUpload"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    post?: never;
    /**
    * Gives an upload up; its parts are deleted
    * @description Needs a user with the role operator or above, who is not held to some sites.
    */
    delete: {
      parameters: {
        path: {
          id: string;
        };
      };
      responses: {
        /** @description Given up */
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
  "/api/artifacts/uploads/{id}/finish": {
    get?: never;
    put?: never;
    /**
    * Takes the archive in once all of its parts are here
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
  "/api/bundles/image-tags": {
    get?: never;
    put?: never;
    /**
    * Asks registries which digests tags stand for now
    * @description Only registries that the policies allow, by https, without an account. A version keeps the digest alone. Needs a user with the role operator or above.
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
            /** @description With tags; without one it is latest. At most 10 */
            images: string[];
          };
        };
      };
      responses: {
        /** @description What each of them stands for, or why nobody could say */
        200: {
          content: {
            "application/json": components["schemas"]["ImageTags"];
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
  "/api/rollout-settings": {
    /**
    * What this tenant asks of all its rollouts
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
        /** @description The settings */
        200: {
          content: {
            "application/json": components["schemas"]["RolloutSettings"];
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
    * Changes what this tenant asks of all its rollouts, also of those at work
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
          "application/json": components["schemas"]["RolloutSettings"];
        };
      };
      responses: {
        /** @description The settings */
        200: {
          content: {
            "application/json": components["schemas"]["RolloutSettings"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
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
            ignoreSiteWindows?: string;
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
    * Says who would get what and when, and how many bytes that is; starts nothing
    * @description Needs a user with the role viewer or above.
    */
    post: {
      parameters: {
        query?: {
          names?: number | null;
        };
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
            ignoreSiteWindows?: string;
            /**
            * @description Deprecated versions are refused unless this says so
            * @default false
            */
            allowDeprecated?: boolean;
          };
        };
      };
      responses: {
        /** @description The rollout as it would be */
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
        query?: {
          wave?: number | null;
        };
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
        query?: {
          wave?: number | null;
        };
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
  "/api/rollouts/{id}/heed-site-windows": {
    get?: never;
    put?: never;
    /**
    * Has it wait for the maintenance windows of sites again
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
  "/api/rollouts/{id}/ignore-site-windows": {
    get?: never;
    put?: never;
    /**
    * Has it wait for no maintenance window of a site any more, for a reason
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
            reason: string;
          };
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
  "/api/secrets": {
    /**
    * Lists secrets by name, without their values
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
              secrets: components["schemas"]["Secret"][];
              nextCursor: string | null;
            };
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    put?: never;
    /**
    * Makes a secret for the tenant, or one in its place at a site or on a device
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
            /** @description It is never shown again */
            value: string;
            site?: string;
            /** Format: uuid */
            deviceId?: string;
          };
        };
      };
      responses: {
        /** @description The secret */
        201: {
          content: {
            "application/json": components["schemas"]["Secret"];
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
  "/api/secrets/{id}": {
    get?: never;
    /**
    * Rotates a secret: its devices get the new value and start what uses it again
    * @description Needs a user with the role admin or above, who is not held to some sites.
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
            /** @description It is never shown again */
            value: string;
            /**
            * @description Devices get it one by one over this time; 0: all at once, as for a value that leaked
            * @default 0
            */
            overMinutes?: number;
          };
        };
      };
      responses: {
        /** @description The secret */
        200: {
          content: {
            "application/json": components["schemas"]["Secret"];
          };
        };
        default: components["responses"]["Refused"];
      };
    };
    post?: never;
    /**
    * Deletes a secret that no device needs
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
}
