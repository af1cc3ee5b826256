export { type ClientClock, systemClock } from './clock.ts';
export { connectFrames, FrameClient, type FrameOptions } from './frames.ts';
export {
  type CallOptions,
  type CallReply,
  connectHttp,
  type DeployOptions,
  HttpClient,
  type HttpOptions,
  type InstanceKey,
  type Patience,
} from './http.ts';
export {
  type CallArguments,
  type FrameReply,
  MachineClient,
  machineOf,
  type MachineSource,
  type Operations,
} from './machine-client.ts';
export type { RequestOptions } from './requester.ts';
export { LineClient } from './lines.ts';
export type { ClientTls } from './tls.ts';
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
