import type { FastifyReply } from 'fastify';
import { type Problem, PROBLEM_STATUS } from '../problem.ts';
import type { Version } from '../version.ts';

/** What HTTP replies have in common. */

export const JSON_TYPE = 'application/json; charset=utf-8';
/** A body that is an input, or a value, as it is written in the source. No form of a browser sends it. */
export const TEXT_TYPE = 'application/vnd.smc.text';

/** Whether a `content-type` or `accept` header asks for the text form. */
export function isText(header: string | undefined): boolean {
  return header !== undefined && header.split(';')[0].trim().toLowerCase() === TEXT_TYPE;
}

/** Sends a refusal; `version` is what runs of the machine that it is about. */
export function sendProblem(reply: FastifyReply, problem: Problem, version: Version | null = null): void {
  const { code, message, path } = problem;
  void reply.code(PROBLEM_STATUS[code]).type(JSON_TYPE);
  if (version !== null) void reply.header('smc-code', version.fingerprints.code);
  if (code === 'overloaded') void reply.header('retry-after', '1');
  void reply.send(JSON.stringify({ error: { code, message, ...(path !== undefined && { path }) } }));
}
