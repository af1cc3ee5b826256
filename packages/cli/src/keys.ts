import { KEY_BYTES_MAX, utf8Length, type Image, type Value } from '@smc/protocol';
import { EXIT, Stop } from './exit.ts';

/** The key of an instance, as the user wrote it; null where the machine has none. */
export function keyOf(image: Pick<Image, 'name' | 'key'>, text: string | undefined): Value {
  if (image.key === 'none') {
    if (text === undefined) return null;
    throw new Stop(EXIT.usage, 'needless-key', `${image.name} is not keyed: leave the key out`);
  }
  if (text === undefined) {
    throw new Stop(
      EXIT.usage,
      'missing-key',
      `${image.name} is keyed: say which one is meant`,
      'Give it with --key.',
    );
  }
  if (image.key === 'int') {
    const key = Number(text);
    if (/^-?(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(key)) return key + 0;
    throw new Stop(EXIT.usage, 'bad-key', `the key of ${image.name} is an Int, not ${JSON.stringify(text)}`);
  }
  const isSized = text.length > 0 && text.length <= KEY_BYTES_MAX && utf8Length(text) <= KEY_BYTES_MAX;
  if (isSized && text.isWellFormed()) return text;
  throw new Stop(EXIT.usage, 'bad-key', `the key of ${image.name} has 1 to ${KEY_BYTES_MAX} bytes of text`);
}
