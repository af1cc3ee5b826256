import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  LogWriter,
  MemoryJournal,
  NODE_LIMITS,
  type NodeEvent,
  NodeState,
  type RequestBody,
  stamp,
  transition,
} from '@smc/node';
import { encodeBundle, type Image, readRequestLine, sizeOf, type Value } from '@smc/protocol';
import { FAILED, type Instance, load, type LoadOptions, type Program } from '@smc/vm';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';

/**
 * What stays in memory is about what `sizeOf` tells, by which the limits are counted: nothing keeps alive the larger
 * texts that it was made of.
 */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The bytes that something takes in memory beyond what was there before it was made. */
function heldBytes(make: () => unknown): number {
  const heapBytes = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heapBytes();
  const made = make();
  const bytes = heapBytes() - before;
  // It is alive until here.
  return made === heapBytes ? 0 : bytes;
}

/** Far above what the host makes beside it, and far below what there would be. */
const HELD_BYTES_MAX = 512 * 1024;

function imageOf(source: string): Image {
  return bundleOf({ 'memory.sm': source }).images[0];
}

function programOf(image: Image, jit: 'never' | 'always', lowering?: LoadOptions['lowering']): Program {
  const loaded = load(image, { jit, ...(lowering === undefined ? {} : { lowering }) });
  if (!loaded.ok) throw new Error('the machine is not valid');
  return loaded.program;
}

function step(program: Program, instance: Instance, name: string, input: Value = null): Instance {
  if (program.step(instance, program.index(name), input, 0) === FAILED) {
    throw new Error(`${name}: ${JSON.stringify(program.failure)}`);
  }
  return instance;
}

describe.each(['never', 'always'] as const)('jit: %s', (jit) => {
  describe('parts of a text', () => {
    // Of 400,000 characters, which are told apart so that no two texts are one.
    const program = programOf(
      imageOf(`
        fun large(n: Int, space: String) -> String =
          String.repeat(space, 200_000) ++ "|a part that is left, " ++ Int.toString(n) ++ "|" ++ String.repeat(space, 200_000)
        fun half(text: String) -> String =
          String.slice(text, String.length(text) / 4, String.length(text) - String.length(text) / 4)

        machine Parts {
          state { texts: List<String> = [] }
          on Slice(n: Int) {
            let text = large(n, "я")
            put -< { texts: List.map(List.range(1, 21), length -> String.slice(text, 200_000, 200_000 + length)) }
          }
          on Halve(n: Int) { put -< { texts: [List.fold(List.range(0, 14), large(n, "x"), (text, _) -> half(text))] } }
          on Trim(n: Int) { put -< { texts: [String.trim(large(n, " "))] } }
          on TrimHalf(n: Int) { put -< { texts: [String.trim(half(large(n, " ")))] } }
          on Split(n: Int) { put -< { texts: List.take(List.drop(String.split(large(n, "x"), "|"), 1), 1) } }
        }`),
      jit,
    );

    test.each(['Slice', 'Halve', 'Trim', 'TrimHalf', 'Split'])('%s', (name) => {
      const made = (n: number): Instance => step(program, program.instance(), name, n);
      // What the host makes at the first time is not counted.
      made(-1);
      const bytes = heldBytes(() => Array.from({ length: 10 }, (_, n) => made(n)));

      expect(bytes).toBeLessThan(HELD_BYTES_MAX);
    });
  });

  describe('a text that is made of many', () => {
    const program = programOf(
      imageOf(`
        fun repeated(count: Int, change: (String) -> String) -> String =
          List.fold(List.range(0, count), "", (text, _) -> change(text))

        machine Joined {
          state { texts: List<String> = [] }
          on Append { put -< { texts: [repeated(4_000, text -> text ++ "x")] } }
          on Prepend { put -< { texts: [repeated(4_000, text -> "xy" ++ text)] } }
          on Enclose { put -< { texts: [repeated(2_000, text -> "(" ++ text ++ ")")] } }
          on Short { put -< { texts: List.map(List.range(0, 100), _ -> repeated(40, text -> text ++ "x")) } }
          on Upper { put -< { texts: [String.toUpper(String.repeat("я", 40_000))] } }
          on Lower { put -< { texts: [String.toLower(String.repeat("Я", 40_000))] } }
        }`),
      jit,
    );

    test.each(['Append', 'Prepend', 'Enclose', 'Short', 'Upper', 'Lower'])('%s', (name) => {
      const made = (): Instance => step(program, program.instance(), name);
      const { state } = made();
      // Where each joint stays it is 8 to 16 times as much.
      const bytes = heldBytes(() => Array.from({ length: 20 }, made));
      expect(bytes).toBeLessThan(4 * 20 * sizeOf(state));
    });
  });

  describe('what a step has replaced, or was to be', () => {
    // No call is replaced by what is called, as some are in each large machine.
    const program = programOf(
      imageOf(`
        fun large(n: Int) -> String = String.join([String.repeat("я", 2_000_000), Int.toString(n)], ":")

        machine Texts {
          state { text: String = "", texts: Map<Int, String> = Map {} }
          arrow store : String -> () = proc text {
            s <- get
            put -< { ...s, text: text }
          }
          arrow insert : (Int, String) -> () = proc (key, text) {
            s <- get
            put -< { ...s, texts: Map.insert(Map.insert(s.texts, 0, ""), key, text) }
          }
          on Store(n: Int) { store -< large(n) }
          on Clear(n: Int) { store -< "" }
          on StoreAndFail(n: Int) {
            store -< large(n)
            if n >= 0 { fail -< "no" }
          }
          on Insert(n: Int) { insert -< (1, large(n)) }
          on Empty(n: Int) { insert -< (1, "") }
          on InsertInPlace(n: Int) {
            s <- get
            put -< { ...s, texts: Map.insert(Map.insert(s.texts, 0, ""), 1, large(n)) }
          }
          on Remove(n: Int) {
            s <- get
            put -< { ...s, texts: Map.remove(Map.insert(s.texts, 0, ""), 1) }
          }
          on InsertAndFail(n: Int) {
            insert -< (1, large(n))
            insert -< (2, large(n + 1))
            if n >= 0 { fail -< "no" }
          }
        }`),
      jit,
      { operationsFree: 4_096, inlinedPerWord: 0, inlinedFree: 0 },
    );

    test.each([
      ['Store', 'Clear'],
      ['StoreAndFail'],
      ['Insert', 'Empty'],
      ['Insert', 'Remove'],
      ['InsertAndFail'],
      ['Insert', 'InsertAndFail', 'Empty'],
    ])('%s %s %s', (...names) => {
      const bytes = heldBytes(() => {
        const instance = program.instance();
        for (const name of names) {
          const failed = program.step(instance, program.index(name), 1, 0) === FAILED;
          expect(failed).toBe(name.endsWith('Fail'));
        }
        return instance;
      });
      expect(bytes).toBeLessThan(HELD_BYTES_MAX);
    });

    test.each(['Store', 'Insert', 'InsertInPlace'])('an instance that is gone: %s', (name) => {
      const bytes = heldBytes(() => void step(program, program.instance(), name, 1));
      expect(bytes).toBeLessThan(HELD_BYTES_MAX);
    });
  });
});

describe('a request that is long', () => {
  const padding = ' '.repeat(800_000);
  const bundle = bundleOf({
    'memory.sm': `
      machine Note(id: String) {
        state { text: String = "", marks: Map<String, Bool> = Map {} }
        on Set(text: String, marks: Map<String, Bool>) { put -< { text: text, marks: marks } }
      }`,
  });

  const bodies: Readonly<Record<string, (n: number) => RequestBody>> = {
    json: (n) => ({
      form: 'json',
      operation: 'Set',
      text: `${padding}{"text":"a text that is new: ${n}","marks":{"a mark of the note ${n}":true}}`,
    }),
    text: (n) => ({
      form: 'text',
      text: `${padding}Set("a text of two lines\\nthat are long: ${n}", Map { "a mark of the note ${n}": true })`,
      start: 0,
    }),
  };

  test.each(Object.keys(bodies))('leaves key and state: %s', (form) => {
    const node = new NodeState(NODE_LIMITS, 'never', new MemoryJournal().rows);
    const log = new LogWriter();
    const handle = (event: NodeEvent): void => {
      const reply = transition(node, event, log);
      if (reply.kind === 'refused') throw new Error(reply.problem.message);
      log.take();
    };
    handle({
      kind: 'deploy',
      time: 0,
      bundle: encodeBundle(bundle),
      mode: 'deploy',
      dryRun: false,
      request: null,
    });
    const call = (n: number): void => {
      const line = readRequestLine(`Note/a-key-that-is-new-${n} ${padding}Set`);
      if (!line.ok || line.value.kind !== 'call') throw new Error('not a call');
      const { machine, key } = line.value;
      const event = { interfaces: null, body: bodies[form](n), request: null, readOnly: false } as const;
      handle(stamp(node, { machine, key, ...event }, 0));
    };
    call(-1);
    expect(
      heldBytes(() => {
        for (let n = 0; n < 10; n++) call(n);
        return node;
      }),
    ).toBeLessThan(HELD_BYTES_MAX);
  });

  test('leaves what a connection is told by it', () => {
    const read = (n: number): unknown => readRequestLine(`interface ${padding}${'0'.repeat(20)}${n}`);
    read(-1);
    expect(heldBytes(() => Array.from({ length: 10 }, (_, n) => read(n)))).toBeLessThan(HELD_BYTES_MAX);
  });
});
