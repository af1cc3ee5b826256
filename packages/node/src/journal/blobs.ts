import { createHash } from 'node:crypto';

/** SHA-256, 64 lower-case hex digits. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Bytes with their SHA-256, 64 hex digits. */
export interface NamedBlob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/**
 * Byte strings by their SHA-256, each held once: images, upgrade records and debug data are
 * written to the log where they first occur, and named by digest after that.
 */
export class BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  /** What all of them take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(digest: string): Uint8Array | undefined {
    return this.#blobs.get(digest);
  }

  /** Whether it was new. */
  add(digest: string, blob: Uint8Array): boolean {
    if (this.#blobs.has(digest)) return false;
    this.#blobs.set(digest, blob);
    this.#bytes += blob.length;
    return true;
  }
}
