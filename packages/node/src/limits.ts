/** The bounds of a node: what its queues, tables and buffers hold, and what it takes from outside. */
export interface NodeLimits {
  /** Events of callers that wait for their turn or their reply; of more that of the greediest is refused as `overloaded`. */
  readonly queuedEventsMax: number;
  /** Bytes of the bodies of these. */
  readonly queuedBytesMax: number;
  /** What the operator asks for (looks, deployments), and bytes of bundles, that waits beside these. */
  readonly operatorEventsMax: number;
  readonly operatorBytesMax: number;
  /** How long a call waits for its turn; then it is refused as `overloaded`, and nothing was done. */
  readonly waitMillisMax: number;
  /** Bytes of a JSON body. */
  readonly jsonBytesMax: number;
  /**
   * Bytes of a bundle. It is decoded and verified in one turn, at about a second for each MiB of the worst
   * kind; the code of a machine takes some kilobytes.
   */
  readonly bundleBytesMax: number;
  /** Bytes of the bodies of all HTTP requests that came whole and wait for their reply; then no other is read. */
  readonly bodyBytesMax: number;
  /** Requests of one connection for HTTP that wait for their reply; one more is `overloaded`. */
  readonly httpPendingMax: number;
  /** How long the headers of a request may take to come, and all of it. */
  readonly headersMillisMax: number;
  readonly requestMillisMax: number;
  /** Bytes of a line of the line protocol, without its end. */
  readonly lineBytesMax: number;
  /** Requests of one line connection that wait for their reply; then it is not read. */
  readonly linePendingMax: number;
  /** Requests of one framed connection that wait for their reply; one more is `overloaded`. */
  readonly frameInFlightMax: number;
  /** Bytes of a frame from a client, without its length. */
  readonly frameBytesMax: number;
  /**
   * Bytes held for lines, frames and bodies of HTTP requests that did not come whole, of all connections: then that
   * which holds most ends.
   */
  readonly partialBytesMax: number;
  /** Machines that one framed connection speaks to. */
  readonly frameMachinesMax: number;
  /** Bytes of replies that peers have not taken, of one connection and of all: then that which holds most ends. */
  readonly outputBytesMax: number;
  readonly outputBytesOfAllMax: number;
  /** How long a client may take to agree on the encryption. */
  readonly handshakeMillisMax: number;
  /** How long a connection for lines or frames may send nothing at first, and then take to say hello or show its token. */
  readonly silentMillisMax: number;
  readonly helloMillisMax: number;
  /** How long a line or frame may take to come whole, and a peer may take none of its replies. */
  readonly stalledMillisMax: number;
  /** How long a connection for lines or frames may be without a request; its client comes back when it has one. */
  readonly idleMillisMax: number;
  /** Connections of each listener. */
  readonly connectionsMax: number;
  /** Instances of a keyed machine that are stored. */
  readonly instancesMax: number;
  /** Bytes that the states of all keyed machines take in memory (`StateMemory`); others are read when they are used. */
  readonly stateBytesMax: number;
  /** Upgrades of a keyed machine that its stored states have not been through: so many migrations a state takes. */
  readonly pendingUpgradesMax: number;
  /** Names that machines have had, those of removed ones included. */
  readonly machinesMax: number;
  /** What was done to a machine, kept for `/history`, for each; older ones are in the log alone. */
  readonly historyRecordsMax: number;
  /** Refusals beside these: whoever sends a bundle again and again must not push out what was done. */
  readonly refusalRecordsMax: number;
  /** Of all machines: each checkpoint has them, as one row. */
  readonly refusalRecordsOfAllMax: number;
  /** Images, upgrades and debug data of the machines that run, all since their deployment; in memory of removed ones too. */
  readonly blobBytesMax: number;
  /**
   * Fuel of the migrations of one bundle, at the most (`STEP_LIMITS`). What is migrated whole is migrated on
   * the node's own thread, where nobody else is served meanwhile: two seconds for this, about. It bounds
   * memory too: a migration that means harm can hold `PREPARE_BYTES_PER_FUEL`.
   */
  readonly prepareFuelMax: number;
  /** Keyed requests of a machine that are kept, with their replies as far as there is memory. */
  readonly keptRepliesMax: number;
  /** Of those of all machines, and of their sessions; as much again can be held until the checkpoint that is written has it. */
  readonly keptBytesMax: number;
  /** Deployments, upgrades and removals with a key whose reply is kept, of all machines. */
  readonly keptChangesMax: number;
  /** Bytes of replies (`sizeOf`) that were made and not written for their peers; then nothing is handled until that is done. */
  readonly replyBytesMax: number;
  /** Bytes of entries that wait for a sync; then nothing is handled until that is done. */
  readonly gatheredBytesMax: number;
  /** How long the journal may take for a commit; a node where it takes longer is not ready. */
  readonly commitMillisMax: number;
  /** Bytes of the log since the last checkpoint, after which the next is made. */
  readonly checkpointBytesMin: number;
  /** Milliseconds after a checkpoint, after which the next is made if there was anything since. */
  readonly checkpointMillisMax: number;
  /** Bytes of the state of a machine without keys (`sizeOf`) from which on it is encoded beside the node. */
  readonly largeStateBytesMin: number;
  /** How long `close` handles what waits, and then waits for connections to take their replies. */
  readonly closeMillisMax: number;
}

export const NODE_LIMITS: NodeLimits = {
  queuedEventsMax: 65_536,
  queuedBytesMax: 256 * 1024 * 1024,
  operatorEventsMax: 1_024,
  operatorBytesMax: 64 * 1024 * 1024,
  waitMillisMax: 10_000,
  jsonBytesMax: 1024 * 1024,
  bundleBytesMax: 1024 * 1024,
  bodyBytesMax: 256 * 1024 * 1024,
  httpPendingMax: 256,
  headersMillisMax: 10_000,
  requestMillisMax: 30_000,
  lineBytesMax: 64 * 1024,
  linePendingMax: 256,
  frameInFlightMax: 1_024,
  frameBytesMax: 1024 * 1024,
  partialBytesMax: 256 * 1024 * 1024,
  frameMachinesMax: 1_024,
  outputBytesMax: 64 * 1024 * 1024,
  outputBytesOfAllMax: 192 * 1024 * 1024,
  handshakeMillisMax: 10_000,
  silentMillisMax: 60_000,
  helloMillisMax: 10_000,
  stalledMillisMax: 30_000,
  idleMillisMax: 600_000,
  connectionsMax: 10_000,
  instancesMax: 100_000_000,
  stateBytesMax: 1024 * 1024 * 1024,
  pendingUpgradesMax: 64,
  machinesMax: 10_000,
  historyRecordsMax: 10_000,
  refusalRecordsMax: 100,
  refusalRecordsOfAllMax: 4_096,
  blobBytesMax: 128 * 1024 * 1024,
  prepareFuelMax: 100_000_000,
  keptRepliesMax: 1_000_000,
  keptBytesMax: 1024 * 1024 * 1024,
  keptChangesMax: 1_000,
  replyBytesMax: 4 * 1024 * 1024,
  gatheredBytesMax: 4 * 1024 * 1024,
  commitMillisMax: 5_000,
  checkpointBytesMin: 64 * 1024 * 1024,
  checkpointMillisMax: 60_000,
  largeStateBytesMin: 1024 * 1024,
  closeMillisMax: 5_000,
};

/** Memory that a migration can hold for each unit of fuel: lists of numbers take 32, and there is more than these. */
export const PREPARE_BYTES_PER_FUEL = 40;

/** The same for every node, since a replay must come to the same result on each. */
export const STEP_LIMITS = {
  /** Of one step of a machine; see `docs/bytecode.md`. */
  stepFuel: 10_000_000,
  /** Of all functions of adapters that one call goes through, forward and backward: equal shares. */
  adapterFuel: 1_000_000,
  /** Adapters between an old interface and the running one; the operations beyond are gone. */
  chainLengthMax: 64,
  /** Interfaces that a machine serves; the one that was current the longest ago is forgotten first. */
  interfacesMax: 256,
  /**
   * Of the migrations of one bundle, in equal shares, and as much again of the invariants after them; and
   * of a state that is migrated whole `prepareFuelPerNode` more for each 32 bytes of it, up to a share of
   * `prepareFuelMax`.
   */
  prepareFuelMin: 10_000_000,
  prepareFuelPerNode: 1_000,
  /**
   * Of the migration of one instance of a keyed machine: `prepareFuelPerNode` for each 32 bytes of its
   * state, at least `instanceFuelMin` and at most a share of `prepareFuelMin`. Their number is not bounded
   * by it: they are migrated in slices, while others are served.
   */
  instanceFuelMin: 100_000,
  /** UTF-16 units of the message of a fault, as recorded and sent; the rest is cut off. */
  messageLengthMax: 1_000,
} as const;

/** UTF-16 units of a value as it is written for people or programs: as much JSON as is read. */
export const WRITTEN_LENGTH_MAX = 16 * 1024 * 1024;

/** Bytes of the headers of an HTTP request, with its address. */
export const HEADER_BYTES_MAX = 16 * 1024;

/** UTF-16 units of an `Idempotency-Key`. */
export const REQUEST_KEY_LENGTH_MAX = 256;
