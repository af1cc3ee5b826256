import { ERROR_STATUS, errorToJson } from '@smc/protocol';
import type { FastifyReply } from 'fastify';
import { problem, type Problem } from '../problem.ts';
import type { Version } from '../version.ts';

/** What HTTP replies have in common. */

export const JSON_TYPE = 'application/json; charset=utf-8';
/** A body that is an input, or a value, as it is written in the source. No form of a browser sends it. */
export const TEXT_TYPE = 'application/vnd.smc.text';

/**
 * For a reply whose text is longer than a string can be: values are bounded as they are held,
 * and what is written of one may be many times that.
 */
export const NOT_WRITTEN = problem(
  'internal',
  'the input was carried out, but its reply is too long to be written',
);

/** Whether a `content-type` or `accept` header asks for the text form. */
export function isText(header: string | undefined): boolean {
  return header !== undefined && header.split(';')[0].trim().toLowerCase() === TEXT_TYPE;
}

/** Sends a refusal; `version` is what runs of the machine that it is about. */
export function sendProblem(reply: FastifyReply, refused: Problem, version: Version | null = null): void {
  const { code } = refused;
  void reply.code(ERROR_STATUS[code]).type(JSON_TYPE);
  if (version !== null) void reply.header('smc-code', version.fingerprints.code);
  if (code === 'overloaded') void reply.header('retry-after', '1');
  void reply.send(errorToJson(refused));
}
