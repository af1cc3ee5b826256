export {
  type CallOptions,
  type CallReply,
  connectHttp,
  type DeployOptions,
  HttpClient,
  type HttpOptions,
} from './http.ts';
export { LineClient, type LineReply } from './lines.ts';
export type { ClientError, Refused, Result, Unreachable } from './result.ts';
export type {
  DeployedMachine,
  DeployReport,
  HistoryView,
  MachineView,
  OperationView,
  ParameterView,
} from './views.ts';
