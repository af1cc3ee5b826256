import { inputFromJson, inputFromQuery, printString, readInput, type OperationInput } from '@smc/protocol';
import type { RequestBody } from './event.ts';
import { problem, type Problem } from './problem.ts';
import type { Version } from './version.ts';

/** An operation, by index, with the input that its body takes; or what is wrong with the request. */
export type ReadBody =
  | { readonly ok: true; readonly value: OperationInput }
  | { readonly ok: false; readonly problem: Problem };

/** Reads a request by the operations and types of a version: of the one whose interface the caller speaks. */
export function readBody(body: RequestBody, { image, operationIndex }: Version): ReadBody {
  if (body.form === 'text') {
    const read = readInput(image, body.text, body.start);
    if (read.ok) return read;
    const { code, message, column } = read.error;
    return refuse(problem(code, code === 'bad-request' ? `${message} (column ${column})` : message));
  }
  const operation = operationIndex.get(body.operation);
  if (operation === undefined) {
    const message = `${image.name} has no operation ${printString(body.operation.toWellFormed())}`;
    return refuse(problem('unknown-operation', message));
  }
  const read =
    body.form === 'json'
      ? inputFromJson(image, operation, body.text)
      : inputFromQuery(image, operation, body.pairs);
  if (!read.ok) return refuse(problem('bad-request', read.message, read.path));
  return { ok: true, value: { operation, input: read.value } };
}

function refuse(refused: Problem): ReadBody {
  return { ok: false, problem: refused };
}
