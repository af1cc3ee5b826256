import {
  type CallBody,
  decodeCall,
  inputFromJson,
  inputFromQuery,
  type OperationInput,
  printString,
  readInput,
} from '@smc/protocol';
import type { BinaryBody, RequestBody, WrittenBody } from './event.ts';
import { problem, type Problem } from './problem.ts';
import type { Version } from './version.ts';

/** An operation, by index, with the input that its body takes; or what is wrong with the request. */
export type ReadBody<T = OperationInput> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** Reads a request by the operations and types of a version: of the one whose interface the caller speaks. */
export function readBody(body: WrittenBody, { image, operationIndex }: Version): ReadBody {
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

/** The same for a binary body, which has the key of the instance too. */
export function readBinaryBody(
  { bytes, start, end }: BinaryBody,
  { image, calls }: Version,
): ReadBody<CallBody> {
  const read = decodeCall(calls, bytes, start, end);
  if (read.ok) return read;
  const { message, offset } = read.malformed;
  return refuse(
    problem('bad-request', `this is no input of ${image.name}: ${message} (byte ${offset - start})`),
  );
}

function refuse(refused: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: refused };
}

/** What a body takes while it waits, about. */
export function bodyBytes(body: RequestBody): number {
  switch (body.form) {
    case 'binary':
      return body.end - body.start;
    case 'query':
      return 2 * body.pairs.flat().join('').length;
    default:
      return 2 * body.text.length;
  }
}
