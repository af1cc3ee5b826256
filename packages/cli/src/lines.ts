import { EXIT, Stop } from './exit.ts';

/** The longest line of input that is read, in UTF-16 units. */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

/** The lines of a stream of UTF-8 text, without their ends; a last one without an end counts too. */
export async function* linesOf(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decodeChunk(decoder, chunk);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX) {
      throw new Stop(
        EXIT.refused,
        'too-large',
        `a line of input is longer than ${LINE_LENGTH_MAX} characters`,
      );
    }
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decodeChunk(decoder);
  if (rest !== '') yield rest;
}

function decodeChunk(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new Stop(EXIT.refused, 'not-text', 'the input is not UTF-8 text');
  }
}
