export { type Access, type Certificate, isLoopback } from './access/access.ts';
export { Signers } from './access/signers.ts';
export { type Token, Tokens } from './access/tokens.ts';
export type {
  CallEvent,
  DeployEvent,
  NodeEvent,
  RemoveEvent,
  Reply,
  RequestBody,
  ValueReply,
} from './event.ts';
export { BlobStore } from './journal/blobs.ts';
export { decodeGroup } from './journal/encoding.ts';
export type { Entry } from './journal/entry.ts';
export { JournalError } from './journal/error.ts';
export type { LogGroup } from './journal/group.ts';
export { MemoryJournal } from './journal/memory.ts';
export { backUp, restore } from './journal/disk/backup.ts';
export { DiskJournal, type DiskJournalOptions } from './journal/disk/journal.ts';
export { repairDirectory, type RepairReport } from './journal/disk/repair.ts';
export { LogWriter } from './journal/writer.ts';
export type { RecoveryProgress } from './journal/recover.ts';
export { Replay } from './journal/replay.ts';
export { NODE_LIMITS, type NodeLimits, STEP_LIMITS } from './limits.ts';
export {
  checkExposure,
  type Exposure,
  ExposureError,
  loadHttp,
  type NodeOptions,
  type RunningNode,
  startNode,
} from './node.ts';
export {
  type Clock,
  type Journal,
  type Log,
  type LogFacts,
  NO_LOG,
  type Recovered,
  systemClock,
} from './ports.ts';
export type { Problem } from './problem.ts';
export { type HistoryRecord, Machine, NodeState } from './state.ts';
export { stamp, transition } from './transition.ts';
