import {
  BOOL,
  FORMAT_LIMITS,
  INT,
  PARAMETERS_MAX,
  STRING,
  TypeLimitError,
  inputType,
  type Image,
  type Operation,
  type TypeId,
  type TypeTable,
  type Unit,
  printType,
} from '@smc/protocol';
import type { Invalid } from './failure.ts';
import { isLowerName, isType, isUpperName, tableDefect } from './verify-tables.ts';
import { WRITES, verifyCode, type Verified } from './verify.ts';

/**
 * The verifier of what is sent: a unit by itself, and an image, whose operations, initial
 * state and invariants must be about its state and fit its functions.
 */

/** An image that may run. */
export interface VerifiedImage extends Verified {
  /** In the order of the image's. */
  readonly operations: readonly { readonly input: TypeId; readonly readOnly: boolean }[];
}

const invalid = (message: string): Invalid => ({ kind: 'invalid', message });

/**
 * Verifies a unit. `state` is the type of the state that its code may read and replace; with
 * null (an upgrade) it uses neither state nor clock.
 */
export function verifyUnit(unit: Unit, state: TypeId | null): Verified | Invalid {
  const defect = tableDefect(unit);
  if (defect !== null) return { kind: 'invalid', ...defect };
  if (state !== null && !isType(unit.types, state))
    return invalid(`the state has the type ${state} of ${unit.types.length}`);
  if (state !== null && !unit.types.isData(state))
    return invalid(`the state is no data: ${printType(unit.types, state)}`);
  return verifyCode(unit, state);
}

/** Verifies an image: its unit, and all that names its parts. */
export function verifyImage(image: Image): VerifiedImage | Invalid {
  try {
    return imageVerdict(image);
  } catch (error) {
    if (!(error instanceof TypeLimitError)) throw error;
    return invalid(error.message);
  }
}

function imageVerdict(image: Image): VerifiedImage | Invalid {
  const { unit, state, operations, invariants } = image;
  const { operationsMax, invariantsMax } = FORMAT_LIMITS;
  if (!isUpperName(image.name)) return invalid(`a machine called ${JSON.stringify(image.name)}`);
  if (operations.length > operationsMax)
    return invalid(`${operations.length} operations, at most ${operationsMax}`);
  if (invariants.length > invariantsMax)
    return invalid(`${invariants.length} invariants, at most ${invariantsMax}`);
  const verified = verifyUnit(unit, state);
  if (verified.kind === 'invalid') return verified;
  const { types, functions } = verified;
  const initial = unit.constants[image.initial];
  if (initial?.type !== state)
    return invalid(`the initial state, constant ${image.initial}, is no ${printType(types, state)}`);
  const found: { input: TypeId; readOnly: boolean }[] = [];
  for (const [index, operation] of operations.entries()) {
    const defect = operationDefect(image, types, index);
    if (defect !== null) return invalid(`operation ${JSON.stringify(operation.name)}: ${defect}`);
    const readOnly = (functions[operation.body].effects & WRITES) === 0;
    found.push({ input: inputType(types, operation.parameters), readOnly });
  }
  for (const index of invariants) {
    const code = unit.functions[index];
    if (code === undefined) return invalid(`an invariant is function ${index} of ${unit.functions.length}`);
    const from = withKey(image, types, state);
    if (code.from !== from || code.to !== BOOL)
      return invalid(`invariant ${index} is not from ${printType(types, from)} to Bool`);
    if (functions[index].effects !== 0) return invalid(`invariant ${index} uses state or clock`);
  }
  const wrong = defaultsDefect(image);
  return wrong === null ? { ...verified, operations: found } : invalid(wrong);
}

/** What the body of an operation, or an invariant, takes: in a keyed machine the key, too. */
function withKey(image: Image, types: TypeTable, input: TypeId): TypeId {
  return image.key === 'none' ? input : types.pair(image.key === 'int' ? INT : STRING, input);
}

/** What is wrong with the fields that inputs may leave out, or null. */
function defaultsDefect({ unit: { types, constants }, defaults }: Image): string | null {
  if (defaults.length > FORMAT_LIMITS.defaultsMax)
    return `${defaults.length} defaults of fields, at most ${FORMAT_LIMITS.defaultsMax}`;
  let last = { type: -1, field: -1 };
  for (const { type, field, constant } of defaults) {
    const node = isType(types, type) ? types.node(type) : null;
    const part = node?.kind === 'record' ? node.fields[field] : undefined;
    if (part === undefined) return `a default of the field ${field} of the type ${type}`;
    if (constants[constant]?.type !== part.type)
      return `the default of the field ${part.name} has another type`;
    if (type < last.type || (type === last.type && field <= last.field)) return 'defaults are not in order';
    last = { type, field };
  }
  return null;
}

function operationDefect(image: Image, types: TypeTable, index: number): string | null {
  const { name, parameters, reply, body } = image.operations[index];
  if (!isUpperName(name)) return 'its name is none';
  if (index > 0 && !(image.operations[index - 1].name < name)) return 'not sorted, or there twice';
  if (!isDataOf(image, reply)) return 'its reply is no data';
  if (parameters.length > PARAMETERS_MAX) return `${parameters.length} parameters, at most ${PARAMETERS_MAX}`;
  if (new Set(parameters.map((parameter) => parameter.name)).size < parameters.length)
    return 'two parameters of one name';
  for (const parameter of parameters) {
    const defect = parameterDefect(image, parameter);
    if (defect !== null) return `parameter ${JSON.stringify(parameter.name)}: ${defect}`;
  }
  const code = image.unit.functions[body];
  if (code === undefined) return `its body is function ${body} of ${image.unit.functions.length}`;
  const input = inputType(types, parameters);
  const from = withKey(image, types, input);
  if (code.from !== from)
    return `its body takes ${printType(types, code.from)}, not ${printType(types, from)}`;
  if (code.to !== reply) return `its body gives ${printType(types, code.to)}, not ${printType(types, reply)}`;
  return null;
}

function parameterDefect(image: Image, parameter: Operation['parameters'][number]): string | null {
  const { name, type, default: fallback } = parameter;
  if (!isLowerName(name)) return 'its name is none';
  if (!isDataOf(image, type)) return 'it is no data';
  if (fallback !== null && image.unit.constants[fallback]?.type !== type)
    return 'its default has another type';
  return null;
}

/** Whether a type is there, and may be a parameter or a reply. */
function isDataOf(image: Image, type: TypeId): boolean {
  return isType(image.unit.types, type) && image.unit.types.isData(type);
}
