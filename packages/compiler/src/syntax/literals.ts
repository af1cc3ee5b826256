import { parseTime } from '@smc/protocol';

/**
 * What the literals say: from the text of a token to the value, or to what is wrong with it. Offsets
 * are relative to the start of the token.
 */

/** A value, or the fault and the part of the token that it is in. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly faults: readonly LiteralFault[];
      /** What to go on with. */ readonly value: T | null;
    };

/** What is wrong with a literal, and in which part of it. */
export type LiteralFault = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'unknown escape'; readonly escape: string }
  | { readonly kind: 'bad unicode escape'; readonly escape: string }
  | { readonly kind: 'lone surrogate' }
  | { readonly kind: 'fraction' }
  | { readonly kind: 'bad digits'; readonly text: string; readonly value: number | null }
  | { readonly kind: 'leading zero'; readonly value: number }
  | { readonly kind: 'too large' }
  | { readonly kind: 'unclosed bytes' }
  | { readonly kind: 'odd bytes' }
  | { readonly kind: 'bad hex digit'; readonly digit: string }
  | { readonly kind: 'bad time' }
  | { readonly kind: 'no such time' }
  | { readonly kind: 'time out of range' }
);

const simpleEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

const surrogatesAlone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** The value of a string literal with its quotes; the last quote may be missing. */
export function readString(image: string): Read<string> {
  const end = image.length > 1 && image.endsWith('"') ? image.length - 1 : image.length;
  const faults: LiteralFault[] = [];
  for (const found of image.matchAll(surrogatesAlone)) {
    faults.push({ kind: 'lone surrogate', start: found.index, end: found.index + 1 });
  }
  let value = '';
  let copied = 1;
  for (let i = image.indexOf('\\', 1); i !== -1 && i < end; i = image.indexOf('\\', copied)) {
    value += image.slice(copied, i);
    const escape = readEscape(image, i, end);
    copied = escape.end;
    if (escape.fault === null) value += escape.value;
    else faults.push(escape.fault);
  }
  value += image.slice(copied, end);
  return faults.length === 0
    ? { ok: true, value }
    : { ok: false, faults, value: value.replace(surrogatesAlone, '') };
}

/** The escape whose backslash is at `start`. */
function readEscape(
  image: string,
  start: number,
  limit: number,
): { value: string; end: number; fault: LiteralFault | null } {
  const letter = String.fromCodePoint(image.codePointAt(start + 1) ?? 0x20);
  const simple = simpleEscapes[letter];
  if (simple !== undefined && start + 1 < limit) return { value: simple, end: start + 2, fault: null };
  if (letter !== 'u') {
    const end = Math.min(start + 1 + letter.length, limit);
    return { value: '', end, fault: { kind: 'unknown escape', escape: image.slice(start, end), start, end } };
  }
  const unicode = /^\\u\{([0-9A-Fa-f]{1,6})\}/.exec(image.slice(start, Math.min(start + 10, limit)));
  const scalar = Number.parseInt(unicode?.[1] ?? '110000', 16);
  if (unicode !== null && scalar <= 0x10ffff && !(scalar >= 0xd800 && scalar <= 0xdfff)) {
    return { value: String.fromCodePoint(scalar), end: start + unicode[0].length, fault: null };
  }
  const braced = /^\\u(\{[^}"]{0,20}\}?)?/.exec(image.slice(start, Math.min(start + 24, limit)));
  const escape = braced?.[0] ?? '\\u';
  const end = start + escape.length;
  return { value: '', end, fault: { kind: 'bad unicode escape', escape, start, end } };
}

/** The value of an integer literal. */
export function readInt(image: string): Read<number> {
  const whole = { start: 0, end: image.length };
  if (image.includes('.')) return { ok: false, faults: [{ kind: 'fraction', ...whole }], value: null };
  if (!/^[0-9]+(?:_[0-9]+)*$/.test(image)) {
    return {
      ok: false,
      faults: [{ kind: 'bad digits', text: image, value: numberOf(image), ...whole }],
      value: null,
    };
  }
  const value = Number(image.replaceAll('_', ''));
  if (value > Number.MAX_SAFE_INTEGER)
    return { ok: false, faults: [{ kind: 'too large', ...whole }], value: null };
  if (/^0[0-9_]/.test(image)) {
    return { ok: false, faults: [{ kind: 'leading zero', value, ...whole }], value };
  }
  return { ok: true, value };
}

/** What `0xff`, `0b11`, `0o17` and `1e5` mean in other languages; null where it is no Int. */
function numberOf(image: string): number | null {
  const isKnown = /^(?:0[xX][0-9A-Fa-f_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9]+[eE][0-9]+)$/.test(image);
  const value = isKnown ? Number(image.replaceAll('_', '')) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** The value of a bytes literal, `0x"…"`. */
export function readBytes(image: string): Read<Uint8Array> {
  const fail = (fault: LiteralFault): Read<Uint8Array> => ({ ok: false, faults: [fault], value: null });
  if (image.length < 4 || !image.endsWith('"'))
    return fail({ kind: 'unclosed bytes', start: 0, end: image.length });
  const digits = image.slice(3, -1);
  const wrong = digits.search(/[^0-9A-Fa-f]/);
  if (wrong !== -1) {
    const digit = String.fromCodePoint(digits.codePointAt(wrong) ?? 0);
    return fail({ kind: 'bad hex digit', digit, start: 3 + wrong, end: 3 + wrong + digit.length });
  }
  if (digits.length % 2 !== 0) return fail({ kind: 'odd bytes', start: 0, end: image.length });
  const value = new Uint8Array(digits.length / 2);
  for (let i = 0; i < value.length; i++) value[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return { ok: true, value };
}

const calendar = /^(?:[+-][0-9]{6}|[0-9]{4})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z$/;

/** The value of a time literal in milliseconds since the epoch: `@6000`, `@-5`, `@2026-11-20T21:41:25Z`. */
export function readTime(image: string): Read<number> {
  const text = image.slice(1);
  const value = parseTime(text);
  if (value !== null) return { ok: true, value };
  const inMillis = /^-?[0-9]+(?:_[0-9]+)*$/.test(text);
  const kind = inMillis ? 'time out of range' : calendar.test(text) ? 'no such time' : 'bad time';
  return { ok: false, faults: [{ kind, start: 0, end: image.length }], value: null };
}
