import { BlockList, isIPv6 } from 'node:net';
import type { Problem } from '../problem.ts';
import { problem } from '../problem.ts';
import type { Signers } from './signers.ts';
import type { Tokens } from './tokens.ts';

/** Who may do what on a node. Null is everybody who reaches the address. */
export interface Access {
  /** Who may call machines. */
  readonly calls: Tokens | null;
  /** Who may see and change what runs; they may call machines too. */
  readonly administration: Tokens | null;
  /** Whose bundles are taken. */
  readonly signers: Signers | null;
}

export const OPEN_ACCESS: Access = { calls: null, administration: null, signers: null };

/** A caller who may do what was asked, or why not. */
export type Authorized =
  | { readonly ok: true; readonly caller: string }
  | { readonly ok: false; readonly problem: Problem };

/** Whether whoever shows this token may call machines; null where none was shown. */
export function authorizeCall({ calls, administration }: Access, token: string | null): Authorized {
  return authorize(calls, calls === null ? [] : [calls, administration], token);
}

/** Whether whoever shows this token may administer. */
export function authorizeAdministration({ administration }: Access, token: string | null): Authorized {
  return authorize(administration, [administration], token);
}

function authorize(
  needed: Tokens | null,
  accepted: readonly (Tokens | null)[],
  token: string | null,
): Authorized {
  if (needed === null) return { ok: true, caller: '' };
  if (token === null) return { ok: false, problem: problem('unauthorized', 'this needs a token') };
  for (const tokens of accepted) {
    const caller = tokens?.callerOf(token) ?? null;
    if (caller !== null) return { ok: true, caller };
  }
  return { ok: false, problem: problem('unauthorized', 'the token is not one that may do this') };
}

/** A request key as it is kept: of one caller. A key in a header has no NUL, so two are never the same. */
export function keyOfCaller(caller: string, key: string): string {
  return caller === '' ? key : `${caller}\0${key}`;
}

/**
 * Whose share of the node a caller has a part in: that of its token where it has a name, else that of the address it comes
 * from, as `Socket.remoteAddress` has it.
 */
export function sourceOf(caller: string, address = ''): string {
  return caller === '' ? `address ${networkOf(address)}` : `token ${caller}`;
}

/**
 * The part of an address that one user has: of IPv6 the first 64 bits, as each has as many addresses as the others say
 * (RFC 4291), and all of IPv4, also where it comes over a socket of IPv6.
 */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  if (!isIPv6(address)) return address;
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = address
    .replace(/%.*$/, '')
    .split('::')
    .map((half) => groups(half));
  const skipped = tail === undefined ? 0 : GROUPS_OF_IPV6 - head.length - tail.length;
  const all = [...head, ...Array.from({ length: skipped }, () => '0'), ...(tail ?? [])];
  return `${all.slice(0, GROUPS_OF_NETWORK).join(':')}::/64`;
}

const GROUPS_OF_IPV6 = 8;
const GROUPS_OF_NETWORK = 4;

/** Where a listener takes connections, and how they are encrypted. */
export interface Place {
  readonly address: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Null for connections that are not encrypted. */
  readonly tls: Certificate | null;
}

/** Certificate chain and private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address means this computer, and is reached from nowhere else. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** What an address beyond this computer lacks before it may be listened on; null where nothing. */
export function exposureOf({ address, tls }: Place, tokens: Tokens | null): string | null {
  if (isLoopback(address) || (tls !== null && tokens !== null)) return null;
  const lacking = [...(tokens === null ? ['a token'] : []), ...(tls === null ? ['TLS'] : [])];
  return `${address} is reached from beyond this computer, and that needs ${lacking.join(' and ')}`;
}
