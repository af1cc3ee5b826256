import { ERROR_STATUS, errorToJson, type Form, writtenValue } from '@smc/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ValueReply } from '../event.ts';
import { WRITTEN_LENGTH_MAX } from '../limits.ts';
import type { Metrics } from '../metrics.ts';
import { problem, type Problem } from '../problem.ts';
import type { Version } from '../version.ts';

/** What HTTP replies have in common. */

export const JSON_TYPE = 'application/json; charset=utf-8';
/** A body that is an input, or a value, as it is written in the source. No form of a browser sends it. */
export const TEXT_TYPE = 'application/vnd.smc.text';

/** About a body that is sent as another thing. */
export const NOT_JSON = problem('bad-request', 'a body needs the content type application/json');

/** For a reply that is a defect to write. */
export const NOT_WRITTEN = problem(
  'in-doubt',
  'the input was carried out, but its reply could not be written',
);

/** The value of a reply as text; or why there is none, though the input was carried out. */
export function writeReply({ types, type, value, fieldOrder }: ValueReply, form: Form): Written {
  const text = writtenValue(types, type, value, { form, fieldOrder, lengthMax: WRITTEN_LENGTH_MAX });
  if (text !== null) return { ok: true, text };
  const message = `the input was carried out, but its reply is too large: ${TOO_LONG}`;
  return { ok: false, problem: problem('too-large', message) };
}

export type Written =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Problem };

/** About a value that is too large to be written. */
export const TOO_LONG = `what is written of a value has at most about ${WRITTEN_LENGTH_MAX} characters`;

/** Whether a `content-type` or `accept` header asks for the text form. */
export function isText(header: string | undefined): boolean {
  return header !== undefined && header.split(';')[0].trim().toLowerCase() === TEXT_TYPE;
}

/** Sends why a request is refused that the host has not seen, which counts what it sees itself: a call is counted. */
export function refuseRequest(
  metrics: Metrics,
  reply: FastifyReply,
  refused: Problem,
  status?: number,
): void {
  const { request } = reply;
  if (isCall(request) && !isBrokenOff(request)) metrics.refuse(refused.code);
  sendProblem(reply, refused, null, status);
}

/** Whether it did not come whole, and can not be answered any more: its peer is gone, or was told why. Nobody refuses that. */
export function isBrokenOff({ raw }: Pick<FastifyRequest, 'raw'>): boolean {
  return !raw.complete && !raw.socket.writable;
}

/**
 * Whatever was meant, unless it is below `/_smc/`. By the address, decoded as the router does it, for there are some
 * that come to no route.
 */
export function isCall({ url }: Pick<FastifyRequest, 'url'>): boolean {
  const path = url.replace(/^https?:\/\/[^/]*/, '');
  const decoded = path.replace(/%([0-7][\da-f])/gi, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  return !decoded.startsWith('/_smc');
}

/** Sends a refusal; `version` is what runs of the machine that it is about. */
export function sendProblem(
  reply: FastifyReply,
  refused: Problem,
  version: Version | null = null,
  status: number = ERROR_STATUS[refused.code],
): void {
  const { code } = refused;
  void reply.code(status).type(JSON_TYPE);
  if (version !== null) void reply.header('smc-code', version.fingerprints.code);
  if (code === 'overloaded' || code === 'stalled') void reply.header('retry-after', '1');
  void reply.send(errorToJson(refused));
}
