/** The rows in a leaf of a table of an SQLite database, as they lie there (https://sqlite.org/fileformat.html, sections 1.6 and 2.1). */

const TABLE_LEAF = 0x0d;

/** What a column holds; numbers that are not whole are in no table of a journal. */
type Column = number | string | Uint8Array | null;

export interface LeafRow {
  /** Its number, which stands in place of a column that is an INTEGER PRIMARY KEY; that column is null. */
  readonly number: number;
  readonly columns: readonly Column[];
}

/** Gives a page by its number, for what does not fit into a leaf; null where there is none. */
type PageReader = (page: number) => Uint8Array | null;

/**
 * The rows of a page with numbers greater than `after`, where it is a leaf of a table; of another, or a damaged one, those that
 * look like rows. All together take no more than `bytesMax`.
 */
export function* leafRows(
  page: Uint8Array,
  read: PageReader,
  bytesMax: number,
  after = Number.NEGATIVE_INFINITY,
): Generator<LeafRow> {
  if (page[0] !== TABLE_LEAF) return;
  const view = viewOf(page);
  const cells = Math.min(view.getUint16(3), (page.length - 8) >> 1);
  // Pages that lead in a circle would otherwise be gone through for each.
  let left = bytesMax;
  for (let i = 0; i < cells; i++) {
    const [length, afterLength] = varint(view, view.getUint16(8 + 2 * i));
    const [number, start] = varint(view, afterLength);
    if (length > left || number <= after) continue;
    left -= length;
    const record = recordAt(page, start, length, read);
    const columns = record === null ? null : columnsOf(record);
    if (columns !== null) yield { number, columns };
  }
}

/** The bytes of a row, which go on in a chain of other pages where a leaf would have too few rows; null where that ends too soon. */
function recordAt(page: Uint8Array, start: number, length: number, read: PageReader): Uint8Array | null {
  const usable = page.length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const most = usable - 35;
  const fitting = least + ((length - least) % (usable - 4));
  const here = length <= most ? length : fitting <= most ? fitting : least;
  if (here === length) return start + here > usable ? null : page.subarray(start, start + here);
  if (start + here + 4 > usable) return null;
  const parts = [page.subarray(start, start + here)];
  let next = viewOf(page).getUint32(start + here);
  for (let at = here; at < length; at += usable - 4) {
    const more = next === 0 ? null : read(next);
    if (more === null) return null;
    parts.push(more.subarray(4, 4 + length - at));
    next = viewOf(more).getUint32(0);
  }
  return Buffer.concat(parts);
}

/** Null for what is no record. */
function columnsOf(record: Uint8Array): readonly Column[] | null {
  const view = viewOf(record);
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const [end, first] = varint(view, 0);
  const columns: Column[] = [];
  let from = end;
  for (let at = first; at < end && at < record.length;) {
    const [type, next] = varint(view, at);
    const length = type < 12 ? LENGTHS[type] : Math.floor((type - 12) / 2);
    if (length === undefined || from + length > record.length) return null;
    columns.push(columnAt(bytes, from, length, type));
    from += length;
    at = next;
  }
  return columns;
}

/** Of the types below 12: nothing, whole numbers, a number that is not whole, the numbers 0 and 1. */
const LENGTHS = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function columnAt(bytes: Buffer, from: number, length: number, type: number): Column {
  if (type === 0) return null;
  if (type >= 12) {
    const content = bytes.subarray(from, from + length);
    return type % 2 === 0 ? Uint8Array.from(content) : content.toString();
  }
  if (length === 0) return type - 8;
  return length === 8 ? Number(bytes.readBigInt64BE(from)) : bytes.readIntBE(from, length);
}

/** A number as SQLite writes it, seven bits to a byte, and where the next one begins. */
export function varint(view: DataView, start: number): readonly [number, number] {
  let value = 0;
  let at = start;
  while (at < view.byteLength && at < start + 8) {
    const byte = view.getUint8(at++);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return [value, at];
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
