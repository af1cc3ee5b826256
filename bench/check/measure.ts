import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { add, suite } from 'benny';
import { median } from '../statistics.ts';
import { generateSource, lineCount } from './source.ts';

/**
 * How long `smc check` takes for programs of several sizes, as a multiple of what Node takes to do nothing
 * (`node -e 0`), and how much memory. Whole commands are measured, each in a process of its own, as they are
 * built: `npm run build` comes first.
 */

const LINES = [10, 1_250, 2_500, 5_000, 10_000, 20_000];
const QUICK_LINES = [10, 5_000];
const SEED = 7;

const SMC = fileURLToPath(new URL('../../packages/cli/bin/smc.js', import.meta.url));
const MEMORY = fileURLToPath(new URL('memory.cjs', import.meta.url));

/** Of one size of program. */
interface Figures {
  readonly lines: number;
  /** Medians of the rounds. */
  readonly milliseconds: number;
  /** Of the time of `node -e 0`: median, and of each round. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  /** At most, as the system counts it. */
  readonly memoryBytes: number;
}

/** Measures all sizes, prints a table, and gives its figures. */
export async function measureCheck(isQuick: boolean): Promise<readonly Figures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'smc-bench-'));
  try {
    const programs = (isQuick ? QUICK_LINES : LINES).map((lines) => writeProgram(folder, lines));
    const rounds: { readonly nothing: number; readonly programs: readonly number[] }[] = [];
    for (let round = 0; round < (isQuick ? 1 : 7); round++) rounds.push(await measureRound(programs));
    const figures = programs.map(({ file, lines }, i) => {
      const ratios = rounds.map((each) => each.programs[i] / each.nothing);
      const milliseconds = median(rounds.map((each) => each.programs[i]));
      return { lines, milliseconds, ratio: median(ratios), ratios, memoryBytes: memoryOf(file) };
    });
    printTable(figures, median(rounds.map(({ nothing }) => nothing)));
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface SourceFile {
  readonly file: string;
  readonly lines: number;
}

function writeProgram(folder: string, lines: number): SourceFile {
  const text = lines < 100 ? 'machine Counter {\n  state: Int = 0\n}\n' : generateSource(lines, SEED);
  const file = join(folder, `${lines}.sm`);
  writeFileSync(file, text);
  return { file, lines: lineCount(text) };
}

/** Milliseconds of one round, in which all take turns. */
async function measureRound(
  programs: readonly SourceFile[],
): Promise<{ nothing: number; programs: readonly number[] }> {
  const options = { minSamples: 3, maxTime: 0.1 };
  const { results } = await suite(
    'check',
    add('nothing', () => void run(['-e', '0']), options),
    ...programs.map(({ file, lines }) =>
      add(`${lines} lines`, () => void run([SMC, 'check', file]), options),
    ),
  );
  const [nothing, ...others] = results.map(({ details }) => details.median * 1e3);
  return { nothing, programs: others };
}

function memoryOf(file: string): number {
  const lines = run(['--require', MEMORY, SMC, 'check', file]).trimEnd().split('\n');
  return Number(lines.at(-1)) * 1024;
}

/** What a run of Node, which must end well, says on stderr. */
function run(words: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${status}: ${stderr}`);
  return stderr;
}

function printTable(figures: readonly Figures[], nothing: number): void {
  const row = (...cells: string[]): void => console.log(cells.map((cell) => cell.padStart(14)).join(''));
  row('lines', 'smc check', 'of node -e 0', 'memory');
  row('', `${nothing.toFixed(0)} ms`, '1.0 ×');
  for (const { lines, milliseconds, ratio, memoryBytes } of figures) {
    const memory = `${(memoryBytes / 2 ** 20).toFixed(0)} MiB`;
    row(String(lines), `${milliseconds.toFixed(0)} ms`, `${ratio.toFixed(1)} ×`, memory);
  }
}
