import {
  BOOL,
  BYTES,
  INSTRUCTIONS,
  INT,
  STRING,
  TIME,
  TIME_MAX,
  entryFuel,
  type InstructionName,
  type Value,
} from '@smc/protocol';
import { FAILED } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { isBuiltIn } from './support/built-in-names.ts';
import { NONE, list, map, programOf, run, set, some, written, type Sketch } from './support/run.ts';
import { listOf, mapOf, optionOf, setOf, tuple } from './support/types.ts';

/** A built-in instruction: of some inputs what must come out, or the fault, and what it costs. */
interface BuiltIn {
  readonly of: InstructionName;
  readonly sketch: Sketch;
  readonly runs: readonly (readonly [input: Value, outcome: Value | Fault, fuel: number])[];
}

interface Fault {
  readonly fault: string;
}

const MAX = Number.MAX_SAFE_INTEGER;
const INTS = tuple(INT, INT);
const STRINGS = tuple(STRING, STRING);
const OPTION = optionOf(INT);
const LIST = listOf(INT);
const MAP = mapOf(INT, INT);
const SET = setOf(INT);

const builtIn = (
  of: InstructionName,
  from: Sketch['from'],
  to: Sketch['to'],
  runs: BuiltIn['runs'],
  operand = '',
): BuiltIn => ({ of, sketch: { from, to, code: `${of} ${operand}; RETURN` }, runs });

const text = (units: number): string => 'a'.repeat(units);
const bytes = (...items: number[]): Uint8Array => Uint8Array.from(items);
const overflow: Fault = { fault: 'integer overflow' };
const outOfRange: Fault = { fault: 'time out of range' };

const BUILT_INS: readonly BuiltIn[] = [
  // ------------------------------------------------------------------ integers
  builtIn('INT_PARSE', STRING, OPTION, [
    ['-12', some(-12), 1],
    ['', NONE, 1],
    ['-', NONE, 1],
    ['12a', NONE, 1],
    ['+1', NONE, 1],
    [' 1', NONE, 1],
    ['1\n', NONE, 1],
    ['1.0', NONE, 1],
    ['0x10', NONE, 1],
    ['٣', NONE, 1],
    ['-0', some(0), 1],
    ['9007199254740991', some(MAX), 2],
    ['-9007199254740991', some(-MAX), 2],
    ['9007199254740992', NONE, 2],
    ['9'.repeat(400), NONE, 26],
    [`${'0'.repeat(31)}7`, some(7), 3],
  ]),
  builtIn('INT_MIN', INTS, INT, [
    [[-1, 2], -1, 0],
    [[MAX, -MAX], -MAX, 0],
  ]),
  builtIn('INT_MAX', INTS, INT, [
    [[-1, 2], 2, 0],
    [[3, 3], 3, 0],
  ]),
  builtIn('INT_ABS', INT, INT, [
    [-MAX, MAX, 0],
    [0, 0, 0],
    [5, 5, 0],
  ]),
  // ------------------------------------------------------------------- strings
  builtIn('STRING_JOIN', tuple(listOf(STRING), STRING), STRING, [
    [[list('a', 'b', 'c'), ', '], 'a, b, c', 1 + 3],
    [[list(), 'x'], '', 1],
    [[list('a'), text(100)], 'a', 1 + 1],
    [[list(text(10), text(10)), ''], text(20), 1 + 2 + 1],
  ]),
  builtIn('STRING_SPLIT', STRINGS, listOf(STRING), [
    [['a,b,,c', ','], list('a', 'b', '', 'c'), 1 + 6],
    [['aé\u{1F600}', ''], list('a', 'é', '\u{1F600}'), 1 + 4],
    [['', ','], list(''), 1],
    [['', ''], list(), 1],
    [['aaa', 'aa'], list('', 'a'), 1 + 3],
    [['ab', text(16)], list('ab'), 1 + 2 * 2],
    [[`${text(50)},${text(14)}`, ','], list(text(50), text(14)), 1 + 65],
  ]),
  builtIn('STRING_SLICE', tuple(STRING, INT, INT), STRING, [
    [['a\u{1F600}bc', 1, 3], '\u{1F600}b', 1],
    [['a\u{1F600}bc', -5, MAX], 'a\u{1F600}bc', 1],
    [['a\u{1F600}bc', 3, 1], '', 1],
    [['a\u{1F600}bc', 4, 9], '', 1],
    [['a\u{1F600}bc', -9, -1], '', 1],
    [[`${text(80)}${'b'.repeat(16)}`, 79, 95], `a${'b'.repeat(15)}`, 1 + 6],
  ]),
  builtIn('STRING_CONTAINS', STRINGS, BOOL, [
    [['hello', 'ell'], true, 1],
    [['hello', 'elo'], false, 1],
    [['', ''], true, 1],
    [['', 'a'], false, 1],
    [[text(32), 'b'], false, 1 + 2],
    [[text(32), 'aaab'], false, 1 + 2 * 2],
  ]),
  builtIn('STRING_STARTS_WITH', STRINGS, BOOL, [
    [['abc', 'ab'], true, 1],
    [['abc', 'bc'], false, 1],
    [['abc', ''], true, 1],
    [[text(100), text(15)], true, 1],
    [['a', text(16)], false, 2],
  ]),
  builtIn('STRING_ENDS_WITH', STRINGS, BOOL, [
    [['abc', 'bc'], true, 1],
    [['abc', 'ab'], false, 1],
    [['a', text(16)], false, 2],
  ]),
  builtIn('STRING_INDEX_OF', STRINGS, OPTION, [
    [['\u{1F600}é\u{1F600}b', 'b'], some(3), 1],
    [['abc', 'd'], NONE, 1],
    [['abc', ''], some(0), 1],
    [[text(16), 'aaab'], NONE, 1 + 2],
  ]),
  builtIn('STRING_TO_UPPER', STRING, STRING, [
    ['straße', 'STRASSE', 1 + 6],
    ['', '', 1],
  ]),
  builtIn('STRING_TO_LOWER', STRING, STRING, [
    ['ΑΣ ΣΑ', 'ας σα', 1 + 5],
    ['ABC', 'abc', 1 + 3],
  ]),
  builtIn('STRING_TRIM', STRING, STRING, [
    [' \u2003a b\n\t', 'a b', 1],
    ['\ufeffa', '\ufeffa', 1],
    [' '.repeat(32), '', 3],
    [`${' '.repeat(60)}abc abc abc abc`, 'abc abc abc abc', 1 + 4],
  ]),
  builtIn('STRING_REPEAT', tuple(STRING, INT), STRING, [
    [['ab', 3], 'ababab', 1],
    [['ab', 8], 'abababababababab', 2],
    [['ab', 0], '', 1],
    [['ab', -MAX], '', 1],
    [['', MAX], '', 1],
  ]),
  builtIn('STRING_TO_BYTES', STRING, BYTES, [
    ['é', bytes(0xc3, 0xa9), 1],
    ['aaa\u{1F600}', bytes(0x61, 0x61, 0x61, 0xf0, 0x9f, 0x98, 0x80), 2],
  ]),
  // --------------------------------------------------------------------- lists
  builtIn('LIST_GET', tuple(LIST, INT), OPTION, [
    [[list(1, 2), 1], some(2), 1],
    [[list(1, 2), 2], NONE, 1],
    [[list(1, 2), -1], NONE, 1],
    [[list(), 0], NONE, 1],
  ]),
  builtIn('LIST_PREPEND', tuple(LIST, INT), LIST, [
    [[list(2, 3), 1], list(1, 2, 3), 1],
    [[list(2, 3, 4, 5), 1], list(1, 2, 3, 4, 5), 2],
  ]),
  // An item that is itself an array on the host stays one item.
  builtIn('LIST_PREPEND', tuple(listOf(INTS), INTS), listOf(INTS), [[[list(), [1, 2]], list([1, 2]), 1 + 2]]),
  builtIn('LIST_FLATTEN', listOf(LIST), LIST, [
    [list(list(1, 2), list(), list(3, 4)), list(1, 2, 3, 4), 1 + 3 + 1],
    [list(), list(), 1],
  ]),
  builtIn('LIST_FLATTEN', listOf(listOf(INTS)), listOf(INTS), [[list(list([1, 2])), list([1, 2]), 1 + 1]]),
  builtIn('LIST_REVERSE', LIST, LIST, [
    [list(1, 2, 3, 4), list(4, 3, 2, 1), 2],
    [list(), list(), 1],
  ]),
  builtIn('LIST_CONTAINS', tuple(LIST, INT), BOOL, [
    [[list(1, 2), 2], true, 1 + 2 + 3],
    [[list(1, 2), 3], false, 1 + 2 + 3],
    [[list(), 1], false, 1 + 2],
  ]),
  builtIn('LIST_INDEX_OF', tuple(listOf(INTS), INTS), OPTION, [
    [[list([1, 2], [3, 4], [3, 4]), [3, 4]], some(1), 1 + 3 + 8],
    [[list([1, 2]), [2, 1]], NONE, 1 + 1 + 4],
  ]),
  builtIn('LIST_TAKE', tuple(LIST, INT), LIST, [
    [[list(1, 2, 3), 2], list(1, 2), 1 + 2 + 3],
    [[list(1, 2, 3), -1], list(), 1 + 0 + 2],
    [[list(1, 2, 3), MAX], list(1, 2, 3), 1 + 3 + 3],
  ]),
  builtIn('LIST_DROP', tuple(LIST, INT), LIST, [
    [[list(1, 2, 3), 2], list(3), 1 + 1 + 3],
    [[list(1, 2, 3), -1], list(1, 2, 3), 1 + 3 + 3],
    [[list(1, 2, 3), MAX], list(), 1 + 0 + 2],
  ]),
  builtIn('LIST_ZIP', tuple(LIST, listOf(STRING)), listOf(tuple(INT, STRING)), [
    [[list(1, 2, 3), list('a', 'b')], list([1, 'a'], [2, 'b']), 1 + 2 + 8],
    [[list(), list('a')], list(), 1 + 0 + 6],
  ]),
  builtIn('LIST_SUM', LIST, INT, [
    [list(1, 2, 3, 4), 10, 2],
    [list(), 0, 1],
    [list(5, -5), 0, 1],
    [list(MAX, 1, -5), overflow, 1],
    [list(-MAX, -1), overflow, 1],
  ]),
  builtIn(
    'LIST_SORT',
    listOf(tuple(INT, STRING)),
    listOf(STRING),
    [
      [list([2, 'a'], [1, 'b'], [2, 'c'], [1, 'd']), list('b', 'd', 'a', 'c'), 1 + 3 * (4 + 14)],
      [list([2, 'a']), list('a'), 1 + 2 * (1 + 5)],
      [list(), list(), 1 + 2],
    ],
    `${INT}`,
  ),
  builtIn(
    'LIST_SORT',
    listOf(tuple(STRING, INT)),
    LIST,
    // By scalar value: U+FFFD is below U+1F600, though the units of that are below it.
    [[list(['\u{1F600}', 1], ['\uFFFD', 2]), list(2, 1), 1 + 2 * (2 + 8)]],
    `${STRING}`,
  ),
  builtIn('LIST_SELECT', listOf(tuple(BOOL, INT)), LIST, [
    [list([true, 1], [false, 2], [true, 3]), list(1, 3), 1 + 3 + 8],
    [list(), list(), 1 + 2],
  ]),
  builtIn('LIST_UNCONS', LIST, optionOf(tuple(INT, LIST)), [
    [list(1, 2), some([1, list(2)]), 1],
    [list(1), some([1, list()]), 1],
    [list(), NONE, 1],
  ]),
  builtIn('LIST_UNCONS', listOf(STRING), optionOf(tuple(STRING, listOf(STRING))), [
    [list(text(16), 'b', 'c', 'd'), some([text(16), list('b', 'c', 'd')]), 1 + 1 + 2],
  ]),
  // --------------------------------------------------------------------- bytes
  builtIn('BYTES_LENGTH', BYTES, INT, [[bytes(1, 2), 2, 0]]),
  builtIn('BYTES_GET', tuple(BYTES, INT), OPTION, [
    [[bytes(1, 255), 1], some(255), 0],
    [[bytes(1, 255), 2], NONE, 0],
    [[bytes(1, 255), -1], NONE, 0],
  ]),
  builtIn('BYTES_SLICE', tuple(BYTES, INT, INT), BYTES, [
    [[bytes(1, 2, 3, 4), 1, 3], bytes(2, 3), 1],
    [[bytes(1, 2, 3, 4), -2, MAX], bytes(1, 2, 3, 4), 1],
    [[bytes(1, 2, 3, 4), 3, 1], bytes(), 1],
    [[bytes(1, 2, 3, 4), 0, -1], bytes(), 1],
    [[new Uint8Array(32), 31, 32], bytes(0), 2],
  ]),
  builtIn('BYTES_CONCAT', tuple(BYTES, BYTES), BYTES, [
    [[bytes(1), bytes(2, 3)], bytes(1, 2, 3), 1],
    [[new Uint8Array(31), bytes(2)], bytes(...Array.from({ length: 31 }, () => 0), 2), 2],
  ]),
  builtIn('BYTES_FLATTEN', listOf(BYTES), BYTES, [
    [list(bytes(1), bytes(), bytes(2)), bytes(1, 2), 1 + 3],
    [list(new Uint8Array(32)), new Uint8Array(32), 1 + 1 + 1],
  ]),
  builtIn('BYTES_TO_STRING', BYTES, optionOf(STRING), [
    [bytes(0xc3, 0xa9), some('é'), 1],
    [bytes(0xff), NONE, 1],
    [bytes(0xed, 0xa0, 0x80), NONE, 1],
    [bytes(0xf0, 0x9f, 0x98, 0x80), some('\u{1F600}'), 2],
  ]),
  builtIn('BYTES_FROM_HEX', STRING, optionOf(BYTES), [
    ['00fF', some(bytes(0, 255)), 2],
    ['0123456789abcdefABCDEF', some(bytes(1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 171, 205, 239)), 6],
    ['', some(bytes()), 1],
    ['f', NONE, 1],
    ['0g', NONE, 1],
    ['00\n', NONE, 1],
  ]),
  builtIn('BYTES_TO_HEX', BYTES, STRING, [
    [bytes(0, 171, 255), '00abff', 1],
    [bytes(1, 0x23, 0x45, 0x67), '01234567', 2],
  ]),
  // --------------------------------------------------------------------- times
  builtIn('TIME_TO_MILLIS', TIME, INT, [[-5, -5, 0]]),
  builtIn('TIME_FROM_MILLIS', INT, TIME, [
    [TIME_MAX, TIME_MAX, 0],
    [-TIME_MAX, -TIME_MAX, 0],
    [TIME_MAX + 1, outOfRange, 0],
    [-MAX, outOfRange, 0],
  ]),
  builtIn('TIME_ADD_MILLIS', tuple(TIME, INT), TIME, [
    [[5, -5], 0, 0],
    [[TIME_MAX, 0], TIME_MAX, 0],
    [[TIME_MAX, 1], outOfRange, 0],
    [[-TIME_MAX, -MAX], outOfRange, 0],
  ]),
  builtIn('TIME_DIFF_MILLIS', tuple(TIME, TIME), INT, [
    [[7, 5], 2, 0],
    [[5, 5], 0, 0],
    [[TIME_MAX, -TIME_MAX], overflow, 0],
    [[-TIME_MAX, TIME_MAX], overflow, 0],
  ]),
  // ---------------------------------------------------------------------- maps
  builtIn('MAP_SIZE', MAP, INT, [
    [map([1, 2], [3, 4]), 2, 1],
    [map(), 0, 1],
  ]),
  builtIn('MAP_GET', tuple(MAP, INT), OPTION, [
    [[map([1, 10], [2, 20], [3, 30]), 2], some(20), 1 + 2],
    [[map([1, 10], [2, 20]), 3], NONE, 1 + 1],
    [[map(), 1], NONE, 1],
  ]),
  builtIn('MAP_GET', tuple(mapOf(STRING, INT), STRING), OPTION, [
    [[map([text(16), 1]), text(16)], some(1), 1 + 1 * 3],
    [[map(['a', 1], ['b', 2], ['c', 3]), text(16)], NONE, 1 + 2 * 3],
    [[map(), text(1000)], NONE, 1],
  ]),
  builtIn('MAP_HAS', tuple(MAP, INT), BOOL, [
    [[map([1, 10], [2, 20], [3, 30]), 3], true, 1 + 2],
    [[map([1, 10]), 3], false, 1 + 1],
    [[map(), 3], false, 1],
  ]),
  builtIn('MAP_INSERT', tuple(MAP, INT, INT), MAP, [
    [[map([1, 10]), 2, 20], map([1, 10], [2, 20]), 8 + 2 * 2],
    [[map([1, 10], [2, 20], [3, 30]), 2, 5], map([1, 10], [2, 5], [3, 30]), 8 + 2 * 3],
    [[map(), 2, 20], map([2, 20]), 8 + 2],
  ]),
  builtIn('MAP_INSERT', tuple(mapOf(STRING, STRING), STRING, STRING), mapOf(STRING, STRING), [
    [[map(), text(16), text(16)], map([text(16), text(16)]), 8 + 2 * 1 * 3 + 2],
    // What comes and what goes: 64 bytes each.
    [[map(['k', text(16)]), 'k', 'b'.repeat(16)], map(['k', 'b'.repeat(16)]), 8 + 2 * 2 * 2 + 4],
    // 48 bytes each are 3 units of fuel together.
    [[map(['k', text(8)]), 'k', text(8)], map(['k', text(8)]), 8 + 2 * 2 * 2 + 3],
  ]),
  builtIn('MAP_REMOVE', tuple(MAP, INT), MAP, [
    [[map([1, 10], [2, 20], [3, 30]), 2], map([1, 10], [3, 30]), 8 + 2 * 3],
    [[map([1, 10], [2, 20], [3, 30]), 4], map([1, 10], [2, 20], [3, 30]), 8 + 2 * 3],
    [[map([1, 10]), 1], map(), 8 + 2 * 2],
    [[map(), 1], map(), 8 + 2],
  ]),
  builtIn('MAP_REMOVE', tuple(mapOf(INT, STRING), INT), mapOf(INT, STRING), [
    [[map([1, text(16)]), 1], map(), 8 + 2 * 2 + 2],
    [[map([1, text(16)]), 2], map([1, text(16)]), 8 + 2 * 2],
  ]),
  builtIn('MAP_KEYS', MAP, LIST, [
    [map([3, 1], [1, 2], [2, 3]), list(1, 2, 3), 1 + 3 + 5],
    [map(), list(), 1 + 2],
  ]),
  builtIn('MAP_VALUES', MAP, LIST, [[map([3, 1], [1, 2], [2, 3]), list(2, 3, 1), 1 + 3 + 5]]),
  builtIn('MAP_ENTRIES', MAP, listOf(INTS), [
    [map([3, 1], [1, 2], [2, 3]), list([1, 2], [2, 3], [3, 1]), 1 + 3 + 5],
  ]),
  builtIn(
    'MAP_FROM_LIST',
    listOf(INTS),
    MAP,
    [
      [list([2, 20], [1, 10], [2, 21]), map([1, 10], [2, 21]), 1 + 3 * (3 + 8)],
      [list(), map(), 1 + 2],
    ],
    'Map',
  ),
  // ---------------------------------------------------------------------- sets
  builtIn('SET_SIZE', SET, INT, [[set(1, 2, 2), 2, 1]]),
  builtIn('SET_HAS', tuple(SET, INT), BOOL, [
    [[set(1, 2, 3), 2], true, 1 + 2],
    [[set(1, 2, 3), 4], false, 1 + 2],
    [[set(), 4], false, 1],
  ]),
  builtIn('SET_HAS', tuple(setOf(STRING), STRING), BOOL, [[[set('a'), text(16)], false, 1 + 3]]),
  builtIn('SET_INSERT', tuple(SET, INT), SET, [
    [[set(1, 3, 5), 4], set(1, 3, 4, 5), 8 + 2 * 3],
    [[set(1, 3, 5), 3], set(1, 3, 5), 8 + 2 * 3],
    [[set(), 3], set(3), 8 + 2],
  ]),
  builtIn('SET_INSERT', tuple(setOf(STRING), STRING), setOf(STRING), [
    [[set(), text(16)], set(text(16)), 8 + 2 * 3],
  ]),
  builtIn('SET_REMOVE', tuple(SET, INT), SET, [
    [[set(1, 3, 5), 3], set(1, 5), 8 + 2 * 3],
    [[set(1, 3, 5), 4], set(1, 3, 5), 8 + 2 * 3],
  ]),
  builtIn('SET_UNION', tuple(SET, SET), SET, [
    [[set(1, 2), set(2, 3)], set(1, 2, 3), 1 + 3 * (4 + 8)],
    [[set(), set()], set(), 1 + 5],
    [[set(5), set(1)], set(1, 5), 1 + 2 * (2 + 7)],
  ]),
  builtIn('SET_INTERSECT', tuple(SET, SET), SET, [
    [[set(1, 2), set(2, 3)], set(2), 1 + 3 * (4 + 8)],
    [[set(1), set(2)], set(), 1 + 2 * (2 + 7)],
  ]),
  builtIn('SET_DIFF', tuple(SET, SET), SET, [
    [[set(1, 2), set(2, 3)], set(1), 1 + 3 * (4 + 8)],
    [[set(1, 2), set()], set(1, 2), 1 + 2 * (2 + 7)],
  ]),
  builtIn('SET_TO_LIST', SET, LIST, [[set(3, 1), list(1, 3), 1 + 2 + 4]]),
  builtIn(
    'SET_FROM_LIST',
    LIST,
    SET,
    [
      [list(2, 1, 2), set(1, 2), 1 + 3 * (3 + 3)],
      [list(), set(), 1 + 2],
    ],
    'Set',
  ),
];

/** Those that `instructions.test.ts` is not about. */
const NAMES = (Object.keys(INSTRUCTIONS) as InstructionName[]).filter((name) => isBuiltIn(name));

describe.each(NAMES)('%s', (name) => {
  const examples = BUILT_INS.filter((example) => example.of === name);

  it('has an example', () => expect(examples).not.toEqual([]));

  for (const { sketch, runs } of examples) {
    for (const [input, expected, fuel] of runs) {
      const title = `${shown(input)} to ${isFault(expected) ? expected.fault : shown(expected)}`;

      it(`takes ${title} for ${fuel}`, () => {
        const program = programOf(sketch);
        const instance = program.instance();
        // The words of the code: the instruction, its operand, and RETURN.
        const total = entryFuel(2 + INSTRUCTIONS[name].operands.length) + fuel;
        const reply = program.step(instance, 0, input, 0, total);
        if (isFault(expected)) {
          expect([reply, program.failure]).toEqual([FAILED, { kind: 'fault', message: expected.fault }]);
        } else {
          expect(reply).not.toBe(FAILED);
          expect(written(reply as Value)).toEqual(written(expected));
        }
        expect(run(sketch, input, total - 1).failure).toEqual({ kind: 'exhausted', message: 'out of fuel' });
      });
    }
  }
});

function isFault(expected: Value | Fault): expected is Fault {
  return typeof expected === 'object' && expected !== null && 'fault' in expected;
}

function shown(value: Value): string {
  return JSON.stringify(written(value)).slice(0, 120);
}
