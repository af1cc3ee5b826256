/**
 * The tables of a journal on disk, an SQLite database that ordinary tools can open; `docs/journal.md` explains it. A
 * change of what is written raises the version, which is checked on load.
 */
export const SCHEMA_VERSION = 4;

/** "smcj": tells what the file is. */
export const APPLICATION_ID = 0x73_6d_63_6a;

/** What `checkpoints.complete` says: it is being written, it counts, or a row that it counts on was found damaged. */
export const COMPLETENESS = { draft: 0, complete: 1, damaged: 2 } as const;

/** Checkpoints that are kept: where one is damaged, there is another. What older ones counted on goes bit by bit. */
export const CHECKPOINTS_KEPT = 2;

/** In the directory of a node. */
export const FILES = {
  journal: 'journal.db',
  lock: 'lock',
  owner: 'owner.json',
  /** There once a journal was made. */
  used: 'used',
  /** A journal that was repaired, and takes the place of the other one; there for a moment, or after a crash in it. */
  repaired: 'journal.db.repaired',
} as const;

/** What is added to the name of a file that is being made. */
export const DRAFT = '.draft';

/** The tables, each with a key by which its rows are found without an index: that may be damaged, and they not. */
export const TABLES: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  { table: 'images', key: ['rowid'] },
  { table: 'log', key: ['first'] },
  { table: 'log_end', key: ['number'] },
  { table: 'checkpoints', key: ['position'] },
  { table: 'machines', key: ['checkpoint', 'machine'] },
  { table: 'states', key: ['machine', 'key', 'position'] },
  { table: 'kept', key: ['machine', 'first'] },
  { table: 'sessions', key: ['machine', 'position', 'part'] },
  { table: 'aside', key: ['number'] },
];

/** What SQLite may have beside a database, in which some of it stands; none of it where all was closed as it should be. */
export const SUFFIXES_BESIDE = ['-wal', '-shm', '-journal'] as const;
/** A database and what may be beside it. */
export const SUFFIXES = ['', ...SUFFIXES_BESIDE] as const;

export const SCHEMA = `
  CREATE TABLE log (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    structural INTEGER NOT NULL,
    time INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    entries BLOB NOT NULL
  ) STRICT;
  CREATE INDEX log_structure ON log (first) WHERE structural = 1;
  -- One row, beside the log: what is lost at the end of that leaves no gap in it.
  CREATE TABLE log_end (
    number INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE images (
    digest TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE checkpoints (
    position INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    structure_sum INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    refusals BLOB NOT NULL
  ) STRICT;
  CREATE TABLE machines (
    checkpoint INTEGER NOT NULL,
    machine INTEGER NOT NULL,
    name TEXT NOT NULL,
    inputs INTEGER NOT NULL,
    faults INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    keyed INTEGER NOT NULL,
    since INTEGER NOT NULL,
    kept_first INTEGER NOT NULL,
    kept_end INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    states INTEGER NOT NULL,
    states_sum INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    rows_sum INTEGER NOT NULL,
    PRIMARY KEY (checkpoint, machine)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE states (
    machine INTEGER NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    state BLOB,
    PRIMARY KEY (machine, key, position)
  ) STRICT, WITHOUT ROWID;
  -- Finds the rows of states without a state: there may be millions of others.
  CREATE INDEX states_gone ON states (machine, key, position) WHERE state IS NULL;
  CREATE TABLE kept (
    machine INTEGER NOT NULL,
    first INTEGER NOT NULL,
    position INTEGER NOT NULL,
    count INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    requests BLOB NOT NULL,
    PRIMARY KEY (machine, first)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    machine INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    reached BLOB NOT NULL,
    PRIMARY KEY (machine, position, part)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE aside (
    number INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    place TEXT NOT NULL,
    bytes BLOB
  ) STRICT;
`;
