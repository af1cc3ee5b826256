export {
  type CallOptions,
  type CallReply,
  connectHttp,
  type DeployOptions,
  HttpClient,
  type HttpOptions,
  type InstanceKey,
} from './http.ts';
export { LineClient } from './lines.ts';
export type { ClientError, Refused, Result, Unreachable } from './result.ts';
// What a node answers: a client needs no other package for it.
export type {
  DeployedMachine,
  DeployReport,
  HistoryView,
  MachineView,
  OperationView,
  ParameterView,
} from '@smc/protocol';
