import {
  INSTRUCTIONS,
  INT,
  STRING,
  TypeTable,
  keyOrder,
  type InstructionName,
  type Value,
} from '@smc/protocol';
import {
  OPERATIONS,
  type Lowered,
  type Operation,
  type OperationName,
  type Routine,
} from '../../src/lower/lir.ts';

/**
 * A tiny assembler of LIR, for tests. A line has one operation:
 *
 *     routine step 1 fuel 9          a routine with one parameter, r0
 *       r1 = STATE.0                 target, name, immediate
 *       r2 = ADD r1 1 !3             registers and constants; 3 units are pending
 *       BR_TABLE r2 [1 2]            labels
 *       r3 = CALL.helper r2          a routine by its name
 *       r4 = BUILT_IN.MAP_GET r3 "k" a built-in by its name, as in CHANGE
 *       r5 = BUILT_IN.LIST_SORT r4 <int>     the order of integers, or of strings
 *       RETURN unit                  unit, true, false, or $name of a given constant
 */
export function lirOf(
  source: string,
  given: {
    readonly values?: Readonly<Record<string, Value>>;
    readonly isProduct?: boolean;
    readonly fields?: number;
  } = {},
): Lowered {
  const constants: Value[] = [];
  const names = new Map<string, number>();
  const routines: { name: string; parameters: number; fuel: number; operations: Operation[] }[] = [];
  const constant = (value: Value): number => {
    const known = constants.findIndex((each) => Object.is(each, value));
    return ~(known >= 0 ? known : constants.push(value) - 1);
  };
  const operand = (text: string): number => {
    if (/^r\d+$/.test(text)) return Number(text.slice(1));
    if (text === 'unit') return constant(null);
    if (!text.startsWith('$')) return constant(JSON.parse(text) as Value);
    const value = given.values?.[text.slice(1)];
    if (value === undefined) throw new Error(`no value is called ${text}`);
    return constant(value);
  };
  const immediate = (name: OperationName, text: string | undefined): number => {
    if (text === undefined || /^-?\d+$/.test(text)) return Number(text ?? 0);
    const value =
      name === 'BUILT_IN' || name === 'CHANGE'
        ? INSTRUCTIONS[text as InstructionName]?.code
        : names.get(text);
    if (value === undefined) throw new Error(`nothing is called ${text}`);
    return value;
  };
  for (const line of source.split('\n')) {
    const words = [...(line.match(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\S+/g) ?? [])];
    if (words.length === 0) continue;
    if (words[0] === 'routine') {
      names.set(words[1], routines.length);
      routines.push({
        name: words[1],
        parameters: Number(words[2]),
        fuel: Number(words[4] ?? 0),
        operations: [],
      });
      continue;
    }
    const target = words[1] === '=' ? Number(words.splice(0, 2)[0].slice(1)) : -1;
    const [name, suffix] = words[0].split('.') as [OperationName, string | undefined];
    const row = OPERATIONS[name];
    if (row === undefined) throw new Error(`no operation is called ${name}`);
    const rest = words.slice(1);
    const take = (first: string): string | undefined => {
      const at = rest.findIndex((word) => word.startsWith(first) && word !== first);
      if (at < 0) return undefined;
      const [word] = rest.splice(at, 1);
      return word.replace(/^[!<[]/, '').replace(/[\]>]$/, '');
    };
    const pending = Number(take('!') ?? 0);
    const labels = (take('[') ?? '').match(/\d+/g)?.map(Number) ?? [];
    const order = take('<');
    if (row.gives !== target >= 0)
      throw new Error(`${line}: a target is ${row.gives ? 'lacking' : 'too much'}`);
    if (row.operands >= 0 && row.operands !== rest.length)
      throw new Error(`${line}: not ${row.operands} operands`);
    routines.at(-1)!.operations.push({
      name,
      target,
      operands: rest.map(operand),
      immediate: immediate(name, suffix),
      pending,
      labels,
      order: order === undefined ? null : keyOrder(new TypeTable(), order === 'int' ? INT : STRING),
    });
  }
  return {
    constants,
    routines: routines.map((each): Routine => ({ ...each, registers: registersOf(each) })),
    steps: routines.flatMap(({ name }, index) => (name.startsWith('step') ? [index] : [])),
    functions: routines.map(({ name, parameters }, index) =>
      parameters === 1 && !name.startsWith('step') ? index : -1,
    ),
    state: { isProduct: given.isProduct ?? false, fields: given.fields ?? 1 },
  };
}

function registersOf({
  parameters,
  operations,
}: {
  parameters: number;
  operations: readonly Operation[];
}): number {
  return operations.reduce((max, { target }) => Math.max(max, target + 1), parameters);
}
