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

interface HeldBlob {
  readonly bytes: Uint8Array;
  /** Machines that need it, by name; null is who needs it for good. */
  readonly users: Set<string | null>;
}

/**
 * Byte strings by their SHA-256, each held once, and as long as a machine needs it: images, upgrade records and
 * debug data. They are written to the log where they are not held, and named by digest else.
 */
export class BlobStore {
  readonly #blobs = new Map<string, HeldBlob>();
  #bytes = 0;

  /** What all of them take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(digest: string): Uint8Array | undefined {
    return this.#blobs.get(digest)?.bytes;
  }

  /** Whether it was new. */
  add(digest: string, bytes: Uint8Array, machine: string | null = null): boolean {
    const held = this.#blobs.get(digest);
    held?.users.add(machine);
    if (held !== undefined) return false;
    this.#blobs.set(digest, { bytes, users: new Set([machine]) });
    this.#bytes += bytes.length;
    return true;
  }

  /** The machine needs none any more. */
  release(machine: string): void {
    for (const [digest, { bytes, users }] of this.#blobs) {
      if (!users.delete(machine) || users.size > 0) continue;
      this.#blobs.delete(digest);
      this.#bytes -= bytes.length;
    }
  }
}
