/** Base64 (RFC 4648, section 4): the standard alphabet, with padding. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const SEXTETS = new Map(Array.from(ALPHABET).map((character, sextet) => [character, sextet]));

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = Math.min(3, bytes.length - i);
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j < 4; j++) text += j <= left ? ALPHABET[(bits >> (18 - 6 * j)) & 0x3f] : '=';
  }
  return text;
}

/** Why a text is no base64 in its one form; of a text that `fromBase64` refused. */
export function whyNoBase64(text: string): string {
  const other = /[^A-Za-z0-9+/=]|=(?!=?$)/u.exec(text)?.[0];
  if (other !== undefined) return `${JSON.stringify(other)} can not stand there`;
  if (text.length % 4 === 0) return 'its last character has bits of no byte';
  return `its characters, with = at the end, are a multiple of 4, and these are ${text.length}`;
}

/** The bytes of base64 in its one form, with padding and no bits left over; null for other text. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let bits = 0;
    for (let j = 0; j < 4; j++) {
      const sextet = i + j < text.length - padding ? SEXTETS.get(text[i + j]) : 0;
      if (sextet === undefined) return null;
      bits = (bits << 6) | sextet;
    }
    for (const shift of [16, 8, 0]) {
      if (at < bytes.length) bytes[at++] = (bits >> shift) & 0xff;
      else if (((bits >> shift) & 0xff) !== 0) return null;
    }
  }
  return bytes;
}
