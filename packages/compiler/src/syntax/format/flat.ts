import type { builders } from 'prettier/doc';

/** A document on one line; null where that is too long, or has a line end that must be, or a comment. */
export function flat(doc: builders.Doc, lengthMax: number): string | null {
  if (typeof doc === 'string') return doc.length > lengthMax ? null : doc;
  if (Array.isArray(doc)) {
    let text = '';
    for (const part of doc) {
      const next = flat(part, lengthMax - text.length);
      if (next === null) return null;
      text += next;
    }
    return text;
  }
  switch (doc.type) {
    case 'group':
    case 'indent':
      return flat(doc.contents, lengthMax);
    case 'label':
      return flat(doc.contents, lengthMax);
    case 'if-break':
      return flat(doc.flatContents, lengthMax);
    case 'line':
      return doc.hard === true ? null : doc.soft === true ? '' : ' ';
    default:
      return null;
  }
}
