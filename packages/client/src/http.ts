import { validateHeaderValue } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeployReport, HistoryView, MachineView } from '@smc/protocol';
import { type ClientClock, systemClock, TIMER_MILLIS_MAX } from './clock.ts';
import { ANSWER_BYTES_MAX, type Exchange, exchangeBy, type HttpAnswer } from './exchange.ts';
import { checkNumbers } from './numbers.ts';
import { type ClientError, leavesOpen, maybeDone, type Refused, type Result } from './result.ts';
import { type ClientTls, tlsFailure } from './tls.ts';

export interface HttpOptions {
  /** How long one request may take, in milliseconds: 30,000 if nothing is said. */
  readonly deadlineMillis?: number;
  /** Shown with each request, where the node wants one. */
  readonly token?: string;
  /** For `https:`, where the authorities of Node.js are not those that are trusted, or not enough. */
  readonly tls?: ClientTls;
  /** Bytes of an answer that are taken at most: what a string can hold, some 512 MiB, if nothing is said. */
  readonly answerBytesMax?: number;
  /** The system's, if nothing is said. */
  readonly clock?: ClientClock;
}

/** How long a change of what runs is waited for, which may take a node long. */
export interface Patience {
  /** As of `CallOptions`. */
  readonly key?: string;
  /**
   * With a key: how long in all, in milliseconds. Whenever the deadline of a request passed it is asked for again, and
   * the deadline of that is twice as long. That of one request, if nothing is said; what is no number is a broken
   * precondition.
   */
  readonly patienceMillis?: number;
  /** Ends the wait: whether it is carried out is not known then. */
  readonly signal?: AbortSignal;
}

export interface DeployOptions extends Patience {
  /** `upgrade`: each machine must run already, and its upgrade is judged even where the code is equal. */
  readonly mode?: 'deploy' | 'upgrade';
  /** Judge and prepare, and change nothing. */
  readonly dryRun?: boolean;
}

export interface CallOptions {
  /** Fingerprint of the interface that the caller speaks; the running one, if nothing is said. */
  readonly interface?: string;
  /** The instance of a keyed machine, by its key. */
  readonly instance?: InstanceKey;
  /**
   * A request with a key happens once, however often it is sent: where the connection is lost it is sent again. Not the
   * key of an instance.
   */
  readonly key?: string;
}

/** The key of an instance: a String of 1 to 512 bytes, or an Int. */
export type InstanceKey = string | number;

/** The reply of an operation, and the fingerprint of the code that runs. */
export interface CallReply {
  readonly text: string;
  readonly code: string;
}

/** The address of all machines; with a name after it, of those that follow. */
const LIST = '/_smc/machines';
const AFTER = '?after=';

const TEXT_TYPE = 'application/vnd.smc.text';
const JSON_TYPE = 'application/json';
const BUNDLE_TYPE = 'application/vnd.smc.bundle';

/**
 * The node at an address, `http://127.0.0.1:4040`. Nothing is sent before the first request. A deadline that is no number is
 * a broken precondition.
 */
export function connectHttp(url: string, options: HttpOptions = {}): HttpClient {
  return new HttpClient(url, options);
}

/** Talks to one node over HTTP. Connections are kept and shared by all clients of this process. */
export class HttpClient {
  readonly #base: string;
  readonly #deadlineMillis: number;
  readonly #answerBytesMax: number;
  readonly #authorization: Readonly<Record<string, string>>;

  readonly #exchange: Exchange;
  readonly #clock: ClientClock;

  constructor(url: string, options: HttpOptions) {
    const { deadlineMillis = 30_000, answerBytesMax = ANSWER_BYTES_MAX } = options;
    const { token, tls, clock = systemClock } = options;
    this.#clock = clock;
    this.#exchange = exchangeBy(tls);
    this.#base = url.replace(/\/+$/, '');
    checkNumbers({ deadlineMillis, answerBytesMax }, { deadlineMillis: 0, answerBytesMax: 0 });
    this.#answerBytesMax = answerBytesMax;
    // Not 0, which would be doubled for ever.
    this.#deadlineMillis = Math.max(1, Math.min(TIMER_MILLIS_MAX, Math.ceil(deadlineMillis)));
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Deploys what is new and upgrades what differs: all that the bundle holds, or nothing. */
  deploy(
    bundle: Uint8Array,
    { mode = 'deploy', dryRun = false, ...patience }: DeployOptions = {},
  ): Promise<Result<DeployReport>> {
    const query = new URLSearchParams({ mode, 'dry-run': dryRun ? '1' : '0' });
    const headers = { 'content-type': BUNDLE_TYPE, ...keyHeader(patience.key) };
    const request = { body: bundle, headers, patience };
    return this.#json('PUT', `/_smc/machines?${query.toString()}`, request, isReport);
  }

  /** Sends an input as it is written in the source, `Incr(by: 1)`; the reply is in that form too, or JSON. */
  callText(
    machine: string,
    input: string,
    options: CallOptions & { readonly form?: 'text' | 'json' } = {},
  ): Promise<Result<CallReply>> {
    const operation = /^\s*(\w+)/.exec(input)?.[1] ?? '_';
    const accepted = options.form === 'json' ? JSON_TYPE : TEXT_TYPE;
    return this.#call(machine, operation, { text: input, type: TEXT_TYPE }, accepted, options);
  }

  /** Sends an input as a JSON object of its parameters; the reply is JSON. */
  call(
    machine: string,
    operation: string,
    json: string,
    options: CallOptions = {},
  ): Promise<Result<CallReply>> {
    return this.#call(machine, operation, { text: json, type: JSON_TYPE }, JSON_TYPE, options);
  }

  /** All that run, by name; a node with many answers in pages. */
  async machines(): Promise<Result<readonly MachineView[]>> {
    const machines: MachineView[] = [];
    for (let path: string | null = LIST; path !== null;) {
      const reply: Result<RawReply> = await this.#send('GET', path);
      if (!reply.ok) return reply;
      const page = parse(decodeText(reply.value.body));
      if (!Array.isArray(page)) return unexpected(200, 'no list of machines');
      machines.push(...(page as MachineView[]));
      const { next } = reply.value;
      // Further on with each page: so it ends.
      if (next !== null && !goesOn(path, next)) return unexpected(200, `the list goes on at ${next}`);
      path = next;
    }
    return { ok: true, value: machines };
  }

  machine(name: string): Promise<Result<MachineView>> {
    return this.#json('GET', `/_smc/machines/${segment(name)}`);
  }

  /** The state of a machine, or of one instance of a keyed machine, as JSON or as in the source. */
  async state(name: string, form: 'json' | 'text', instance?: InstanceKey): Promise<Result<string>> {
    const headers = { accept: form === 'text' ? TEXT_TYPE : JSON_TYPE };
    const query = keyQuery(instance);
    if (query === null) return LONE_SURROGATE;
    const path = `/_smc/machines/${segment(name)}/state${query}`;
    const reply = await this.#send('GET', path, { headers });
    return reply.ok ? { ok: true, value: decodeText(reply.value.body) } : reply;
  }

  /** Deployments, upgrades, refusals and removals, the oldest first. */
  history(name: string): Promise<Result<readonly HistoryView[]>> {
    return this.#json('GET', `/_smc/machines/${segment(name)}/history`);
  }

  /** The encoded image that runs. */
  async image(name: string): Promise<Result<Uint8Array>> {
    const reply = await this.#send('GET', `/_smc/machines/${segment(name)}/image`);
    return reply.ok ? { ok: true, value: reply.value.body } : reply;
  }

  /** A bundle of the image that runs and its debug data, without an upgrade. */
  async bundle(name: string): Promise<Result<Uint8Array>> {
    const headers = { accept: BUNDLE_TYPE };
    const reply = await this.#send('GET', `/_smc/machines/${segment(name)}/image`, { headers });
    return reply.ok ? { ok: true, value: reply.value.body } : reply;
  }

  /** Takes a machine off; its history stays. */
  remove(name: string, patience: Patience = {}): Promise<Result<null>> {
    const headers = keyHeader(patience.key);
    const path = `/_smc/machines/${segment(name)}`;
    return this.#json('DELETE', path, { headers, patience }, (data) => data === null);
  }

  /** Whether the node takes requests. */
  async ready(): Promise<Result<null>> {
    const reply = await this.#send('GET', '/_smc/ready');
    return reply.ok ? { ok: true, value: null } : reply;
  }

  async #call(
    machine: string,
    operation: string,
    body: { readonly text: string; readonly type: string },
    accept: string,
    options: CallOptions,
  ): Promise<Result<CallReply>> {
    const headers: Record<string, string> = {
      'content-type': body.type,
      accept,
      ...keyHeader(options.key),
    };
    if (options.interface !== undefined) headers['smc-interface'] = options.interface;
    const query = keyQuery(options.instance);
    if (query === null) return LONE_SURROGATE;
    const path = `/${segment(machine)}/${segment(operation)}${query}`;
    const reply = await this.#send('POST', path, { body: body.text, headers });
    if (!reply.ok) return reply;
    const { status, code } = reply.value;
    const text = decodeText(reply.value.body);
    // Of a node it always has the code that runs.
    return code === '' ? maybeDone(unexpected(status, text).error) : { ok: true, value: { text, code } };
  }

  async #json<T>(
    method: string,
    path: string,
    request: RequestParts = {},
    isExpected = (data: unknown): boolean => data !== undefined,
  ): Promise<Result<T>> {
    const reply = await this.#send(method, path, request);
    if (!reply.ok) return reply;
    const text = decodeText(reply.value.body);
    const data = parse(text);
    if (isExpected(data)) return { ok: true, value: data as T };
    const answer = unexpected(reply.value.status, text);
    return method === 'GET' ? answer : maybeDone(answer.error);
  }

  async #send(
    method: string,
    path: string,
    { patience = {}, ...request }: RequestParts = {},
  ): Promise<Result<RawReply>> {
    checkNumbers(patience, { patienceMillis: 0 });
    const mayChange = method !== 'GET';
    let wasSent = false;
    let isRepeated = false;
    const onSent = (): void => {
      wasSent = true;
    };
    const headers = { ...this.#authorization, ...request.headers };
    const url = `${this.#base}${path}`;
    const answerBytesMax = this.#answerBytesMax;
    const send: Send = (signal) => {
      isRepeated = wasSent;
      return this.#exchange(url, { ...request, method, headers, answerBytesMax, signal, onSent });
    };
    const wrong = Object.entries(headers).find(([name, value]) => !canBeSent(name, value));
    if (typeof request.body === 'string' && !request.body.isWellFormed())
      return badRequest('the body has a lone surrogate');
    if (wrong !== undefined)
      return badRequest(`${wrong[0]} has a character that no header can have, or a blank at an end`);
    try {
      const isKeyed = KEY_HEADER in headers;
      const answer = await (isKeyed
        ? this.#sendPatiently(send, patience, () => wasSent)
        : this.#sendInTime(send, this.#deadlineMillis, patience.signal));
      const { status, body } = answer;
      const code = headerOf(answer.headers['smc-code']);
      const next = /^<([^>]*)>; rel="next"$/.exec(headerOf(answer.headers['link']))?.[1] ?? null;
      if (status >= 200 && status < 300) return { ok: true, value: { status, body, code, next } };
      const refused = refusal(status, decodeText(body));
      return mayChange && leavesOpen(refused.error, isRepeated) ? maybeDone(refused.error) : refused;
    } catch (error) {
      const failed = unreachable(this.#base, causeOf(error), wasSent);
      return { ok: false, error: mayChange && wasSent ? { ...failed, mayBeDone: true } : failed };
    }
  }

  /** Sends what has a key until there is an answer, or patience ends: a node answers each of them with the first reply. */
  async #sendPatiently(send: Send, patience: Patience, wasSent: () => boolean): Promise<HttpAnswer> {
    const { patienceMillis = this.#deadlineMillis, signal } = patience;
    const sendOn = repeating(send);
    let passed = 0;
    for (let deadline = this.#deadlineMillis; ; deadline *= 2) {
      const millis = Math.min(deadline, patienceMillis - passed);
      passed += millis;
      try {
        return await this.#sendInTime(sendOn, millis, signal);
      } catch (error) {
        const isLate = causeOf(error) instanceof Late;
        if (!isLate) throw error;
        // What does not take a request is not asked again.
        if (passed >= patienceMillis || !wasSent()) throw new Late(passed);
      }
    }
  }

  async #sendInTime(send: Send, millis: number, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const late = new AbortController();
    const cancel = this.#clock.after(millis, () => late.abort(new Late(millis)));
    try {
      return await send(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }
}

type Send = (signal: AbortSignal) => Promise<HttpAnswer>;

/** A deadline passed. */
class Late extends Error {
  readonly millis: number;

  constructor(millis: number) {
    super(`late after ${millis} ms`);
    this.millis = millis;
  }
}

/** What broke a request off, where that was done from here. */
const causeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? error.cause : error;

const KEY_HEADER = 'idempotency-key';

function keyHeader(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { [KEY_HEADER]: key };
}

/** How long to wait before a request is sent again, each time. */
const REPEAT_MILLIS = [0, 100, 400, 1_600, 3_200];

/**
 * Sends a request again where its connection was lost: a node that starts anew is waited for, one that was never there is
 * not. Where it was lost, or given up from here, in one deadline, it is in the next too.
 */
function repeating(send: Send): Send {
  let wasLost = false;
  return async (signal) => {
    for (const millis of REPEAT_MILLIS) {
      try {
        return await send(signal);
      } catch (error) {
        wasLost ||=
          signal.aborted || (error instanceof Error && 'code' in error && LOST_CODES.has(error.code));
        if (!wasLost || signal.aborted) throw error;
        await sleep(millis, undefined, { signal });
      }
    }
    return send(signal);
  };
}

const LOST_CODES: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

/** A name in a path; no machine, and no operation, has one that UTF-8 cannot write. */
const segment = (name: string): string => encodeURIComponent(name.toWellFormed());

/** In the query and not in the path, where `..` would mean something. Null for a key that UTF-8 cannot write. */
function keyQuery(instance: InstanceKey | undefined): string | null {
  if (instance === undefined) return '';
  const key = String(instance);
  return key.isWellFormed() ? `?key=${encodeURIComponent(key)}` : null;
}

function badRequest(message: string): Refusal {
  return { ok: false, error: { kind: 'refused', code: 'bad-request', message, status: 400 } };
}

const LONE_SURROGATE = badRequest('the key has a lone surrogate');

/** Blanks at its ends would be taken off on the way. */
function canBeSent(name: string, value: string): boolean {
  if (/^[ \t]|[ \t]$/.test(value)) return false;
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** Whether an address is that of a later part of the list of machines. */
function goesOn(path: string, next: string): boolean {
  const after = (address: string): string => address.slice((LIST + AFTER).length);
  return next.startsWith(LIST + AFTER) && after(next) > after(path);
}

interface RequestParts {
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly patience?: Patience;
}

interface RawReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly code: string;
  /** Where a list goes on. */
  readonly next: string | null;
}

const headerOf = (value: string | string[] | undefined): string => [value ?? ''].flat().join(', ');

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface Refusal {
  readonly ok: false;
  readonly error: Refused;
}

/** Whether this is what a node answers to a bundle, and not what something on the way does. */
function isReport(data: unknown): boolean {
  const { machines } = (data ?? {}) as { machines?: unknown };
  return Array.isArray(machines);
}

function refusal(status: number, text: string): Refusal {
  const data = parse(text);
  const error = typeof data === 'object' && data !== null && 'error' in data ? data.error : null;
  if (typeof error !== 'object' || error === null) return unexpected(status, text);
  const { code, message, path } = error as { code?: unknown; message?: unknown; path?: unknown };
  if (typeof code !== 'string' || typeof message !== 'string') return unexpected(status, text);
  const place = typeof path === 'string' ? { path } : {};
  return { ok: false, error: { kind: 'refused', code, message, status, ...place } };
}

/** What answered is no node, or one of another time. */
function unexpected(status: number, text: string): Refusal {
  const shown = text === '' ? '' : `: ${text.slice(0, 200)}`;
  const message = `an answer that is not understood (status ${status})${shown}`;
  return { ok: false, error: { kind: 'refused', code: 'unexpected', message, status } };
}

function unreachable(url: string, cause: unknown, wasSent: boolean): ClientError {
  const timedOut = cause instanceof Late;
  const told = timedOut ? `${url} within ${cause.millis / 1_000} s` : `${url}: ${reasonOf(cause, url)}`;
  const failed = wasSent ? 'no answer from' : timedOut ? 'nothing could be sent to' : 'no node reached at';
  const isUntrusted = cause instanceof Error && tlsFailure(cause)?.isUntrusted === true;
  return {
    kind: 'unreachable',
    message: `${failed} ${told}`,
    timedOut,
    wasSent,
    ...(isUntrusted ? { isUntrusted } : {}),
  };
}

function reasonOf(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ECONNRESET' && url.startsWith('http:'))
    return 'the connection ended; where a node encrypts, its address begins with https';
  if (error.name === 'AbortError') return 'the wait was ended';
  return tlsFailure(error)?.message ?? (error.message || code);
}
