import { suggest } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { OPERATIONS } from '../errors/arrows.ts';
import * as names from '../errors/names.ts';
import { isOperationOf } from './callables.ts';
import type { Inference } from './inference.ts';
import { BUILT_IN_CONSTRUCTORS, type ConstructorReference } from './sums.ts';
import { prune } from './type.ts';
import type { Type } from './typed.ts';

/**
 * The constructor that a name stands for, in an expression or a pattern; null after a diagnostic. Its `type`,
 * where it is known, tells constructors of one name apart.
 */
export function constructorOf(
  path: tree.Path,
  type: Type | null,
  inference: Inference,
): ConstructorReference | null {
  const { machine, module } = inference.place;
  const { qualifier, name } = path;
  const scope = qualifier === null ? module : module.imports.get(qualifier.text);
  if (scope === undefined && qualifier !== null) {
    const near = suggest(qualifier.text, module.imports.keys());
    inference.report(names.unknownImport(qualifier.span, qualifier.text, near));
  }
  if (!scope) return null;
  const builtIn = qualifier === null ? BUILT_IN_CONSTRUCTORS : new Map<string, ConstructorReference>();
  const wanted = type && prune(type);
  const shared = scope.sharedConstructors.get(name.text);
  const known =
    builtIn.get(name.text) ??
    scope.constructors.get(name.text) ??
    shared?.find(
      ({ declaration }) => wanted?.kind === 'sum' && wanted.declaration.identity === declaration.identity,
    );
  if (known !== undefined || scope.refusedConstructors.has(name.text)) return known ?? null;
  const near = suggest(name.text, [...scope.constructors.keys(), ...builtIn.keys()]);
  const inImport = [...module.imports].find(([, other]) => other?.constructors.has(name.text));
  const hint =
    shared !== undefined
      ? `Several types of the bytecode have a constructor \`${name.text}\`. Which is meant is known where its type is: of a clause, or an arm of it, as a whole.`
      : inImport !== undefined && qualifier === null
        ? `\`${inImport[0]}.${name.text}\` is one: what is imported takes its alias before it.`
        : scope.types.has(name.text)
          ? prune(scope.types.get(name.text)!.type).kind === 'record'
            ? `\`${name.text}\` is the name of a record type; a value of it is written without: \`{ x: 1 }\`.`
            : `\`${name.text}\` is a type; a value of it is made by one of its constructors.`
          : scope.machines.has(name.text)
            ? `\`${name.text}\` is a machine; only those outside of it send it inputs.`
            : machine?.node.members.some((member) => isOperationOf(member, name.text)) === true
              ? OPERATIONS
              : null;
  inference.report(names.unknownConstructor(path.span, name.text, near, hint));
  return null;
}
