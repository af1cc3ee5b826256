import { ByteWriter, type TypeId, type TypeTable, type Value, writeValue } from '@smc/protocol';
import type { BlobStore, NamedBlob } from './blobs.ts';
import { type InputFields, isStructural, writeEntry, writeInput } from './encoding.ts';
import type { ChangeEntry, RefusalEntry, RemovalEntry } from './entry.ts';
import type { LogGroup } from './group.ts';

const CAPACITY_BYTES = 16 * 1024;

/**
 * Gathers entries until they are appended to the log. They are written straight into the bytes that are
 * handed on: between a step and its sync there is nothing to be made for it.
 */
export class LogWriter {
  readonly #bytes = new ByteWriter(CAPACITY_BYTES);
  readonly #value = new ByteWriter(CAPACITY_BYTES);
  #groups: LogGroup[] = [];
  #isStructural = false;
  #first = 0;
  #count = 0;
  #time = 0;
  #lastTime = 0;
  #blobs: NamedBlob[] = [];

  /** Whether nothing was written since `take`. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.#groups.length === 0;
  }

  /** What the group that is being written takes by now. */
  get bytes(): number {
    return this.#bytes.length;
  }

  /** Writes an input; `type` is that of its value, which is null where no adapter gave one. */
  input(
    position: number,
    time: number,
    fields: InputFields,
    input: { readonly types: TypeTable; readonly type: TypeId; readonly value: Value } | null,
  ): void {
    this.#begin(position, time, false);
    this.#value.clear();
    if (input !== null) writeValue(this.#value, input.types, input.type, input.value);
    writeInput(this.#bytes, time - this.#lastTime, fields, this.#value);
    this.#end(time);
  }

  /** Writes another entry; `blobs` are those that the log has had so far. */
  entry(entry: ChangeEntry | RemovalEntry | RefusalEntry, blobs: BlobStore): void {
    this.#begin(entry.position, entry.time, isStructural(entry));
    this.#blobs.push(...writeEntry(this.#bytes, entry.time - this.#lastTime, entry, blobs));
    this.#end(entry.time);
  }

  /** The groups that were gathered, in order; none where nothing was written. They belong to the caller. */
  take(): readonly LogGroup[] {
    this.#close();
    const groups = this.#groups;
    this.#groups = [];
    return groups;
  }

  #begin(position: number, time: number, structural: boolean): void {
    if (this.#count > 0 && this.#isStructural !== structural) this.#close();
    if (this.#count > 0) return;
    this.#isStructural = structural;
    this.#first = position;
    this.#time = time;
    this.#lastTime = time;
  }

  #end(time: number): void {
    this.#lastTime = time;
    this.#count++;
  }

  #close(): void {
    if (this.#count === 0) return;
    this.#groups.push({
      isStructural: this.#isStructural,
      first: this.#first,
      count: this.#count,
      time: this.#time,
      bytes: this.#bytes.take(),
      blobs: this.#blobs,
    });
    this.#count = 0;
    this.#blobs = [];
  }
}
