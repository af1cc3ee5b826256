/** What a node answers, as its JSON says it. Fingerprints are 64 hex digits; types are written as in the source. */

export interface MachineView {
  readonly name: string;
  readonly keyed: boolean;
  readonly code: string;
  readonly state: string;
  readonly interface: string;
  readonly stateType: string;
  readonly operations: readonly OperationView[];
  /** Fingerprints of all interfaces that are served, the running one last. */
  readonly interfaces: readonly string[];
  readonly instances: number;
  /** Inputs in the log: all but those that only read. */
  readonly inputs: number;
  /** How many of these faulted. */
  readonly faults: number;
}

export interface OperationView {
  readonly name: string;
  readonly parameters: readonly ParameterView[];
  readonly reply: string;
  readonly readOnly: boolean;
}

export interface ParameterView {
  readonly name: string;
  readonly type: string;
  /** As in the source; absent where the parameter must be given. */
  readonly default?: string;
}

/** What happened to a machine. */
export interface HistoryView {
  readonly kind: 'deployment' | 'upgrade' | 'refusal' | 'removal';
  /** In the log of the node. */
  readonly position: number;
  /** As in ISO 8601. */
  readonly time: string;
  /** The code before and after it; null where none ran. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of an upgrade: whether it has a way back. */
  readonly back?: boolean;
  /** Of a refusal: why. */
  readonly code?: string;
  readonly message?: string;
}

/** What a bundle did, or would do. */
export interface DeployReport {
  readonly dryRun: boolean;
  readonly machines: readonly DeployedMachine[];
}

export interface DeployedMachine {
  readonly name: string;
  readonly result: 'deployed' | 'upgraded' | 'unchanged';
  /** The code before; null for a new machine. */
  readonly from: string | null;
  readonly code: string;
  /** Of an upgrade: whether it has a way back. */
  readonly back: boolean;
  readonly notes: readonly string[];
}
