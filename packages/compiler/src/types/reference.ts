import { BUILT_IN_MODULES, type BuiltIn } from './built-in-modules.ts';
import { display } from './type.ts';

/** The page of the built-in functions, which is generated from their table: see docs/built-ins.md. */

const HEAD = `<!-- Generated from packages/compiler/src/types/built-in-modules.ts by scripts/docs.ts: do not edit. -->

# The built-in functions

The types of each function, what it gives, and examples, \`call\` = \`value\`, each of which is a test of this repository.
\`a\`, \`b\`, \`c\` and \`v\` stand for any types of data, \`k\` for any type of [keys](language.md#types).

- A collection comes first, a function last. For a function, a \`fun\`, a pure \`arrow\`, another built-in or \`x -> e\` can be
  given: \`List.map(words, String.length)\`.
- What can be absent gives an \`Option\`. Positions count from 0, and ends are exclusive.
- Nothing is changed in place: a function gives a new value.
- Maps and sets are in ascending order of their keys: numbers and times as they are, \`false\` before \`true\`, strings by
  scalar value, bytes by byte, constructors as declared and then by their arguments, tuples from the left.
- Case and white space are those of Unicode 16.0, on each machine.
- \`fault\` undoes the step, with a message: see [language.md](language.md#faults).
`;

/** The page as Markdown. */
export function builtInReference(): string {
  const modules = Object.entries(BUILT_IN_MODULES).map(([module, functions]) => {
    const parts = Object.entries(functions).map(([name, each]) => entry(`${module}.${name}`, each));
    return `## ${module}\n\n${parts.join('\n')}`;
  });
  return `${HEAD}\n${modules.join('\n\n')}\n`;
}

/** An entry of a list: the signature, the meaning, and a line for each example. */
function entry(name: string, { from, to, meaning, examples }: BuiltIn): string {
  const lines = Object.entries(examples).map(([call, value]) => `  - \`${call}\` = \`${value}\``);
  return [`- **\`${name} : ${display(from)} -> ${display(to)}\`**: ${meaning}`, ...lines].join('\n');
}
