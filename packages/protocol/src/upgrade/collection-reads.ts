import type { InstructionName } from '../instructions.ts';
import { type Analysis, builtSymbol, NOTHING, type SymbolicValue } from './symbolic-value.ts';

/**
 * What the instructions on lists, maps and sets do with the parts of their argument. Items, keys
 * and values that only go from one collection to another are used by neither; that there are so
 * many of them is. Step 0 leads to the items of a list or set and to the keys of a map, step 1 to
 * the values of a map.
 */

/** The result of an instruction, which uses of its argument what it has to. */
export function collectionResult(
  analysis: Analysis,
  name: InstructionName,
  argument: SymbolicValue,
): SymbolicValue {
  const at = (symbol: SymbolicValue, step: number): SymbolicValue => analysis.select(symbol, step);
  const first = (): SymbolicValue => at(argument, 0);
  const second = (): SymbolicValue => at(argument, 1);
  switch (name) {
    case 'LIST_LENGTH':
    case 'MAP_SIZE':
    case 'SET_SIZE':
      analysis.inspect(argument);
      return NOTHING;
    case 'LIST_APPEND':
    case 'LIST_PREPEND':
      return analysis.join(first(), listOf(second()));
    case 'LIST_CONCAT':
      return analysis.join(first(), second());
    case 'LIST_FLATTEN':
      analysis.inspect(argument);
      return first();
    case 'LIST_REVERSE':
      return argument;
    case 'LIST_TAKE':
    case 'LIST_DROP':
      analysis.use(second());
      return first();
    case 'LIST_GET':
      analysis.inspect(first());
      analysis.use(second());
      return someOf(at(first(), 0));
    case 'LIST_UNCONS':
      analysis.inspect(argument);
      return someOf(pairOf(first(), argument));
    case 'LIST_ZIP':
      analysis.inspect(first());
      analysis.inspect(second());
      return listOf(pairOf(at(first(), 0), at(second(), 0)));
    case 'LIST_SELECT':
    case 'LIST_SORT':
      // Pairs: the first decides on the second.
      analysis.inspect(argument);
      analysis.use(at(first(), 0));
      return listOf(at(first(), 1));
    case 'MAP_GET':
      analysis.inspect(first());
      analysis.use(at(first(), 0));
      analysis.use(second());
      return someOf(at(first(), 1));
    case 'MAP_HAS':
      analysis.inspect(first());
      analysis.use(at(first(), 0));
      analysis.use(second());
      return NOTHING;
    case 'MAP_INSERT':
      analysis.use(at(first(), 0));
      analysis.use(second());
      return analysis.join(first(), pairOf(second(), at(argument, 2)));
    case 'MAP_REMOVE':
      analysis.use(at(first(), 0));
      analysis.use(second());
      return first();
    case 'MAP_KEYS':
    case 'SET_TO_LIST':
      analysis.inspect(argument);
      return listOf(first());
    case 'MAP_VALUES':
      analysis.inspect(argument);
      return listOf(second());
    case 'MAP_ENTRIES':
      analysis.inspect(argument);
      return listOf(pairOf(first(), second()));
    case 'MAP_FROM_LIST':
      // Of equal keys the last wins: they are compared.
      analysis.inspect(argument);
      analysis.use(at(first(), 0));
      return first();
    case 'SET_FROM_LIST':
      analysis.inspect(argument);
      analysis.use(first());
      return argument;
    default:
      // All other instructions look at the whole argument, and compute something new.
      analysis.use(argument);
      return NOTHING;
  }
}

const listOf = (item: SymbolicValue): SymbolicValue => builtSymbol([[0, item]]);

const someOf = (value: SymbolicValue): SymbolicValue => builtSymbol([[1, value]]);

/** A pair, and a map by its keys and values. */
const pairOf = (first: SymbolicValue, second: SymbolicValue): SymbolicValue =>
  builtSymbol([
    [0, first],
    [1, second],
  ]);
