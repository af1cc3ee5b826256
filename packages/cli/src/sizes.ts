import { option, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';

const UNITS = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** An option that takes a size, in bytes: `67108864`, `64MiB`; null where it was not given. */
export function sizeOf(words: Words, name: string): number | null {
  const text = option(words, camelCase(name));
  if (text === undefined) return null;
  const [, digits, unit] = /^([1-9]\d{0,11})(KiB|MiB|GiB|)$/.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit as keyof typeof UNITS];
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new Stop(
    EXIT.usage,
    'usage',
    `--${name} takes a number of bytes from 1 on, or one with KiB, MiB or GiB, such as 64MiB, not ${text}`,
  );
}

/** An option that takes a number from 1 on, of what is named; null where it was not given. */
export function numberOf(words: Words, name: string, unit: string): number | null {
  const text = option(words, camelCase(name));
  if (text === undefined) return null;
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw new Stop(EXIT.usage, 'usage', `--${name} takes a number of ${unit} from 1 on, not ${text}`);
}

/** As an option is called where it was read. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
