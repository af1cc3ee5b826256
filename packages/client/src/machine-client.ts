import {
  type Bundle,
  decodeValue,
  encodeCall,
  type Image,
  inputFromJson,
  interfaceFingerprint,
  type Upgrade,
  type Value,
  writtenValue,
} from '@smc/protocol';
import type { SpokenMachine } from './frame-connection.ts';
import type { InstanceKey } from './http.ts';
import type { CallLimits, Requester, RequestOptions } from './requester.ts';
import { maybeDone, type Result } from './result.ts';
import { interfaceBefore, ownInterface, type SpokenInterface } from './spoken-interface.ts';

/**
 * The operations of a machine as a program sees them, by name: `{ Incr: { input: { by?: number }; reply: null } }`.
 * Inputs and replies are data as in the JSON of the HTTP interface.
 */
export type Operations = { readonly [name: string]: { readonly input: unknown; readonly reply: unknown } };

/** What follows the name of an operation: where no parameter need be given, the input may be left out. */
export type CallArguments<I> = undefined extends I
  ? [input?: I, options?: RequestOptions]
  : {} extends I
    ? [input?: I, options?: RequestOptions]
    : [input: I, options?: RequestOptions];

/** What a client knows of a machine: its image, and the upgrade that leads to it, if there is one. */
export interface MachineSource {
  readonly image: Image;
  readonly upgrade?: Upgrade | null;
  /** What the upgrade leads from: with the upgrade to that, nodes with still older versions are spoken to. */
  readonly before?: MachineSource;
}

/**
 * The machine of a bundle, as `smc build` writes it; with bundles of earlier versions, the newest first, nodes that
 * run one of these are spoken to as well. A bundle without the machine is a broken precondition.
 */
export function machineOf(
  { images, upgrades }: Bundle,
  name: string,
  ...earlier: readonly Bundle[]
): MachineSource {
  const index = images.findIndex((image) => image.name === name);
  if (index < 0)
    throw new Error(`the bundle has no machine ${name}, but ${images.map((image) => image.name).join(', ')}`);
  const upgrade = upgrades.find((each) => each.image === index) ?? null;
  const source = { image: images[index], upgrade };
  const [next, ...others] = earlier;
  return next === undefined ? source : { ...source, before: machineOf(next, name, ...others) };
}

/** A reply, and the fingerprint of the code that gave it. */
export interface FrameReply<T> {
  readonly value: T;
  readonly code: string;
}

/** The ways to speak to a machine. */
export interface SpokenWays {
  /** Of operations, by name. */
  readonly indices: ReadonlyMap<string, number>;
  /** That of the image first. */
  readonly ways: readonly (readonly [SpokenInterface, SpokenMachine])[];
}

/**
 * `machineBy` gives the machine of a name as it is spoken to by an interface. Versions that do not follow each other are a
 * broken precondition.
 */
export function spokenWays(
  source: MachineSource,
  machineBy: (name: string, fingerprint: string) => SpokenMachine,
): SpokenWays {
  const { image } = source;
  return {
    indices: new Map(image.operations.map(({ name }, index) => [name, index])),
    ways: interfacesOf(source).map((each) => [each, machineBy(image.name, each.fingerprint)]),
  };
}

/** The interfaces that a client can speak, its own first; one that two versions have is that of the later. */
function interfacesOf(newest: MachineSource): SpokenInterface[] {
  const byFingerprint = new Map<string, SpokenInterface>();
  let source: MachineSource | undefined = newest;
  let spoken: SpokenInterface | null = ownInterface(newest.image);
  while (source !== undefined && spoken !== null) {
    const { image, upgrade = null, before }: MachineSource = source;
    if (!byFingerprint.has(spoken.fingerprint)) byFingerprint.set(spoken.fingerprint, spoken);
    spoken = upgrade === null ? null : interfaceBefore(spoken, image, upgrade);
    if (before !== undefined && spoken !== null) {
      const fingerprint = interfaceFingerprint(before.image);
      if (fingerprint !== spoken.fingerprint)
        throw new Error(`the upgrade of ${image.name} is not from the version before: ${fingerprint}`);
    }
    // The last is known by the upgrade from it alone.
    if (before === undefined && spoken !== null && !byFingerprint.has(spoken.fingerprint))
      byFingerprint.set(spoken.fingerprint, spoken);
    source = before;
  }
  return [...byFingerprint.values()];
}

/**
 * A machine of a node, or one instance of a keyed machine. It speaks the interface of the image that it was given,
 * whatever version runs: the node adapts. Where the node knows the interface not, as it is older, the ways
 * back of the upgrades are used here.
 *
 * Invariant: each call is first made by the interface of the image, whatever the node said to the one before: it may
 * have been upgraded since, and says so with a reply at the earliest, which is a call too late.
 */
export class MachineClient<O extends Operations = Operations> {
  readonly image: Image;
  readonly #requester: Requester;
  readonly #key: InstanceKey | null;
  readonly #spoken: SpokenWays;

  /** `spoken` is shared by the instances of a machine. */
  constructor(requester: Requester, image: Image, spoken: SpokenWays, key: InstanceKey | null = null) {
    this.image = image;
    this.#requester = requester;
    this.#spoken = spoken;
    this.#key = key;
  }

  /** An instance of a keyed machine. */
  instance(key: InstanceKey): MachineClient<O> {
    return new MachineClient<O>(this.#requester, this.image, this.#spoken, key);
  }

  /** Calls an operation with its parameters by name; where none need be given, the input may be left out. */
  async call<N extends keyof O & string>(
    operation: N,
    ...[input, options = {}]: CallArguments<O[N]['input']>
  ): Promise<Result<FrameReply<O[N]['reply']>>> {
    const index = this.#spoken.indices.get(operation);
    if (index === undefined)
      return refuse('unknown-operation', `${this.image.name} has no operation ${operation}`);
    const text = textOf(input);
    if (text === null) return refuse('bad-request', 'the input can not be written as JSON');
    const read = inputFromJson(this.image, index, text);
    if (!read.ok) return refuse('bad-request', read.message, read.path);
    const reply = await this.callValue(index, read.value, options);
    if (!reply.ok) return reply;
    const { unit, operations, name } = this.image;
    const form = { form: 'json', fieldOrder: [], lengthMax: JSON_LENGTH_MAX } as const;
    const json = writtenValue(unit.types, operations[index].reply, reply.value.value, form);
    if (json === null) {
      return unreadable(
        `the call was carried out, and its reply has more than about ${JSON_LENGTH_MAX} characters as JSON: callValue of ${name} gives it`,
      );
    }
    return { ok: true, value: { value: JSON.parse(json) as O[N]['reply'], code: reply.value.code } };
  }

  /** Calls an operation, by its index in the image, with an input of its type (`inputType`), as values of the protocol. */
  async callValue(
    operation: number,
    input: Value,
    options: RequestOptions = {},
  ): Promise<Result<FrameReply<Value>>> {
    const wrong = this.#checkKey();
    if (wrong !== null) return refuse('bad-request', wrong);
    const limits = this.#requester.begin(options);
    if (!limits.ok) return limits;
    let result: Result<FrameReply<Value>> = refuse(
      'unknown-interface',
      `nothing is known of ${this.image.name}`,
    );
    for (const way of this.#spoken.ways) {
      result = await this.#callBy(way, operation, input, limits.value);
      // Only this says that the call was not carried out: a node looks first whether it has replied to it before.
      const isUnknown =
        !result.ok && result.error.kind === 'refused' && result.error.code === 'unknown-interface';
      if (!isUnknown) return result;
    }
    return result;
  }

  async #callBy(
    [spoken, machine]: readonly [SpokenInterface, SpokenMachine],
    index: number,
    input: Value,
    limits: CallLimits,
  ): Promise<Result<FrameReply<Value>>> {
    const way = spoken.operations[index];
    if (way === undefined) throw new Error(`no operation ${index} in ${this.image.name}`);
    const { name } = this.image.operations[index];
    if (way === null)
      return refuse('gone', `the node does not know this interface, and no way back serves ${name}`);
    const request = way.adapter === null ? ({ ok: true, value: input } as const) : way.adapter.request(input);
    if (!request.ok) return refuse('fault', request.message);
    const body = encodeCall(way.types, way.input, {
      key: this.#key,
      operation: way.operation,
      input: request.value,
    });
    const raw = await this.#requester.request(machine, body, limits);
    if (!raw.ok) return raw;
    const { bytes, code } = raw.value;
    const decoded = decodeValue(way.types, way.reply, bytes);
    if (!decoded.ok) return unreadable(`a reply that is no value of its type: ${decoded.malformed.message}`);
    const value =
      way.adapter === null ? ({ ok: true, value: decoded.value } as const) : way.adapter.reply(decoded.value);
    if (!value.ok)
      return unreadable(`the call was carried out, and no way back gives its reply: ${value.message}`);
    return { ok: true, value: { value: value.value, code } };
  }

  #checkKey(): string | null {
    const { name, key: kind } = this.image;
    const key = this.#key;
    if (kind === 'none') return key === null ? null : `${name} is not keyed`;
    if (key === null) return `${name} is keyed: a call goes to an instance`;
    if (kind === 'int') return Number.isSafeInteger(key) ? null : `a key of ${name} is an Int`;
    return typeof key === 'string' && key !== '' && key.isWellFormed()
      ? null
      : `a key of ${name} is a String, not empty`;
  }
}

/** Characters of a reply as JSON: a frame may have a reply that is hundreds of times as long with all of its names. */
const JSON_LENGTH_MAX = 64 * 1024 * 1024;

/** The JSON of an input, empty for none; null where there is none of it: a BigInt, or what is in itself. */
function textOf(input: unknown): string | null {
  try {
    return input === undefined ? '' : (JSON.stringify(input) ?? '');
  } catch {
    return null;
  }
}

function refuse(
  code: 'unknown-operation' | 'bad-request' | 'gone' | 'fault' | 'unknown-interface',
  message: string,
  path?: string,
): Result<never> {
  const status = STATUS[code];
  return {
    ok: false,
    error: { kind: 'refused', code, message, status, ...(path === undefined ? {} : { path }) },
  };
}

/** The node has carried it out, and undoes nothing of it: no refusal that it could have given says so. */
function unreadable(message: string): Result<never> {
  return maybeDone({ kind: 'refused', code: 'unexpected', message, status: STATUS.unexpected });
}

const STATUS = {
  'unknown-operation': 404,
  'bad-request': 400,
  gone: 410,
  fault: 422,
  'unknown-interface': 426,
  unexpected: 200,
} as const;
