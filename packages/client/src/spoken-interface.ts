import {
  type Image,
  inputType,
  interfaceFingerprint,
  type TypeId,
  type TypeTable,
  type Upgrade,
  type Value,
} from '@smc/protocol';
import { loadUnit, type LoadedUnit } from '@smc/vm';

/** Of one function of an adapter, as a node allows: it came with the client, but may be wrong all the same. */
const ADAPTER_FUEL = 1_000_000;

/** An interface that a client can speak to serve calls of its own. */
export interface SpokenInterface {
  readonly fingerprint: string;
  /** For each operation of the client's interface, by index; null where it cannot be served. */
  readonly operations: readonly (SpokenOperation | null)[];
}

export interface SpokenOperation {
  /** By index, in the interface that is spoken. */
  readonly operation: number;
  readonly types: TypeTable;
  readonly input: TypeId;
  readonly reply: TypeId;
  /** Null for the client's own interface; else takes a request there, and a reply back. A failure is that of the adapter. */
  readonly adapter: Adapter | null;
}

interface Adapter {
  readonly request: (input: Value) => AdapterResult;
  readonly reply: (value: Value) => AdapterResult;
}

export type AdapterResult =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

/** That of the image itself. */
export function ownInterface(image: Image): SpokenInterface {
  const { types } = image.unit;
  return {
    fingerprint: interfaceFingerprint(image),
    operations: image.operations.map(({ parameters, reply }, operation) => ({
      operation,
      types,
      input: inputType(types, parameters),
      reply,
      adapter: null,
    })),
  };
}

/**
 * The interface before an upgrade that led to `image`, by the way back (`back on`); `later` is that of `image`, as the client
 * speaks it. Null where the functions of the upgrade do not verify.
 */
export function interfaceBefore(
  later: SpokenInterface,
  image: Image,
  upgrade: Upgrade,
): SpokenInterface | null {
  const loaded = loadUnit(upgrade.unit);
  if (!loaded.ok) return null;
  const { functions } = loaded;
  // By name, as are the operations of every interface.
  const indices = new Map(upgrade.operations.map(({ name }, index) => [name, index]));
  const ways = new Map(upgrade.backOperations.map((way) => [way.name, way]));
  const operations = later.operations.map((spoken): SpokenOperation | null => {
    if (spoken === null) return null;
    const { name, parameters, reply } = image.operations[spoken.operation];
    const way = ways.get(name);
    if (way === undefined || way.kind === 'dropped') return null;
    const operation = indices.get(way.kind === 'adapter' ? way.to : way.name);
    if (operation === undefined) return null;
    if (way.kind === 'identity') {
      const { types } = image.unit;
      return { operation, types, input: inputType(types, parameters), reply, adapter: spoken.adapter };
    }
    const { types, functions: codes } = upgrade.unit;
    const adapter: Adapter = {
      request: (input) => run(functions, way.request, input),
      reply: (value) => run(functions, way.reply, value),
    };
    return {
      operation,
      types,
      input: codes[way.request].to,
      reply: codes[way.reply].from,
      adapter: spoken.adapter === null ? adapter : composed(spoken.adapter, adapter),
    };
  });
  return { fingerprint: upgrade.old.interface, operations };
}

/** A way through two interfaces, the later one first. */
function composed(later: Adapter, earlier: Adapter): Adapter {
  const through = (first: AdapterResult, second: (value: Value) => AdapterResult): AdapterResult =>
    first.ok ? second(first.value) : first;
  return {
    request: (input) => through(later.request(input), earlier.request),
    reply: (value) => through(earlier.reply(value), later.reply),
  };
}

function run(functions: LoadedUnit, index: number, argument: Value): AdapterResult {
  const result = functions.run(index, argument, ADAPTER_FUEL);
  return result.ok ? result : { ok: false, message: result.failure.message };
}
