import {
  escapeLines,
  printTime,
  printValue,
  readInputLine,
  valueToJson,
  type Image,
  type ImageDebug,
  type Value,
} from '@smc/protocol';
import { FAILED, type Instance, load, type LoadOptions, type Program } from '@smc/vm';
import { option, several, one, type CommandDefinition } from '../command.ts';
import { declareEnvironment, environmentOf } from '../baseline.ts';
import { EXIT, Stop, type ExitStatus } from '../exit.ts';
import { showInputError } from '../inputs.ts';
import { declareJit, jitOf } from '../jit.ts';
import { linesOf } from '../lines.ts';
import type { Output } from '../output.ts';
import { keyOf } from '../keys.ts';
import { bundleOf } from '../sources.ts';

/** `smc run FILE INPUT…`: a machine in this process, from its initial state, at `@0`. */
export const run: CommandDefinition = {
  example: 'smc run counter.sm --state Incr Incr Read\nsmc run counter.sm <inputs.txt',
  declare: (command) => {
    command
      .argument('<file>', 'source file (.sm)')
      .argument('[input...]', 'inputs, such as Incr or "Add(by: 2)"; none: a line each from stdin')
      .option('--machine <name>', 'which machine, where the file has several')
      .option('--key <key>', 'the instance, where the machine is keyed')
      .option('--state', 'print the state at the end');
    declareEnvironment(command);
    declareJit(command);
  },
  async run(words, output, environment) {
    const bundle = bundleOf(one(words, 0), output, { environment: environmentOf(words) });
    const index = chosen(bundle.images, option(words, 'machine'));
    const image = bundle.images[index];
    const key = keyOf(image, option(words, 'key'));
    const inputs = several(words, 1);
    const session = new Session(image, key, bundle.debug[index], output, { jit: jitOf(words) });
    for await (const input of inputs.length > 0 ? inputs : linesOf(environment.stdin)) session.take(input);
    if (words.options['state'] === true) session.showState();
    return session.status;
  },
};

function chosen(images: readonly Image[], name: string | undefined): number {
  const names = images.map((image) => image.name).join(', ');
  if (images.length === 0) throw new Stop(EXIT.usage, 'no-machine', 'the file has no machine');
  if (name === undefined) {
    if (images.length === 1) return 0;
    throw new Stop(
      EXIT.usage,
      'several-machines',
      `the file has several machines: ${names}`,
      'Name one with --machine.',
    );
  }
  const index = images.findIndex((image) => image.name === name);
  if (index === -1)
    throw new Stop(EXIT.usage, 'no-machine', `the file has no machine ${name}`, `It has: ${names}.`);
  return index;
}

/** A run: the machine, its clock, and whether anything went wrong so far. */
class Session {
  status: ExitStatus = EXIT.done;
  readonly #image: Image;
  readonly #debug: ImageDebug;
  readonly #output: Output;
  readonly #program: Program;
  readonly #instance: Instance;
  #now = 0;
  #line = 0;

  constructor(image: Image, key: Value, debug: ImageDebug, output: Output, options: LoadOptions) {
    const loaded = load(image, options);
    if (!loaded.ok) throw new Error(`the code of ${image.name} does not verify: ${loaded.invalid.message}`);
    this.#image = image;
    this.#debug = debug;
    this.#output = output;
    this.#program = loaded.program;
    this.#instance = loaded.program.instance(loaded.program.initial, key);
  }

  /** Handles one line of input: a step, a setting of the clock, or nothing. */
  take(text: string): void {
    this.#line++;
    const read = readInputLine(this.#image, text);
    if (!read.ok) {
      showInputError(this.#output, text, this.#line, read.error);
      this.status = EXIT.refused;
    } else if (read.value.kind === 'clock') {
      this.#setClock(read.value.time);
    } else if (read.value.kind === 'input') {
      this.#step(text, read.value.operation, read.value.input);
    }
  }

  showState(): void {
    const { unit, state } = this.#image;
    this.#output.line(this.#print(state, this.#instance.state));
    this.#output.data({ state: JSON.parse(valueToJson(unit.types, state, this.#instance.state)) });
  }

  #setClock(time: number): void {
    if (time < this.#now) {
      const message = `the clock is at @${printTime(this.#now)}, and can not be set back`;
      showInputError(this.#output, '', this.#line, { code: 'bad-request', message, column: 1 });
      this.status = EXIT.refused;
    } else {
      this.#now = time;
    }
  }

  #step(text: string, operation: number, input: Value): void {
    const reply = this.#program.step(this.#instance, operation, input, this.#now);
    if (reply === FAILED) {
      const { kind, message } = this.#program.failure;
      if (kind === 'crash') throw new Error(`${text}: ${message}`);
      this.#output.line(`fault: ${escapeLines(message)}`);
      this.#output.data({ input: text, fault: message });
      this.status = EXIT.refused;
      return;
    }
    const type = this.#image.operations[operation].reply;
    this.#output.line(this.#print(type, reply));
    this.#output.data({ input: text, reply: JSON.parse(valueToJson(this.#image.unit.types, type, reply)) });
  }

  #print(type: number, value: Value): string {
    return printValue(this.#image.unit.types, type, value, this.#debug.fieldOrder);
  }
}
