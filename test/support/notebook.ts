import { type Bundle, encodeBundle } from '@smc/protocol';
import { bundleOf } from './compile.ts';

/**
 * Machines of which a load can have all at once: many instances of some size (`Note`) and one large state (`Index`),
 * in two forms between which upgrades go there and back, and a machine that comes and goes (`Guest`).
 */

/** What `add` answers with has this sign: it is not the same by both interfaces. */
const note = (total: string, add: string, sign: '' | '-', fields: string): string =>
  `machine Note(id: String) {
  state { ${total}: Int = 0, text: String = ""${fields} }

  on Read -> Int {
    s <- get
    return -< s.${total}
  }

  on ${add}(by: Int, text: String) -> Int {
    s <- get
    if by == 0 {
      fail -< "nothing to add"
    } else {
      put -< { ...s, ${total}: s.${total} + by, text: text }
      return -< ${sign}(s.${total} + by)
    }
  }

  on Clear -> Int {
    s <- get
    put -< { ...s, ${total}: 0, text: "" }
    return -< s.${total}
  }
}
`;

/** Pages are kept with this sign, so that a state which is taken for one of the other form is told by a reply. */
const index = (sign: '' | '-'): string =>
  `machine Index {
  state { pages: Map<String, Int> = Map {}, changes: Int = 0 }

  on Put(word: String, page: Int) -> Int {
    s <- get
    put -< { pages: Map.insert(s.pages, word, ${sign}page), changes: s.changes + 1 }
    return -< s.changes + 1
  }

  on Fill(first: Int, count: Int) -> Int {
    s <- get
    let range = List.range(first, first + count)
    let pages = List.fold(range, s.pages, (all, i) -> Map.insert(all, "word " ++ Int.toString(i), ${sign}i))
    put -< { pages: pages, changes: s.changes + 1 }
    return -< s.changes + 1
  }

  on Look(word: String) -> (Option<Int>, Int, Int) {
    s <- get
    return -< (Option.map(Map.get(s.pages, word), page -> ${sign}page), Map.size(s.pages), s.changes)
  }
}
`;

const PLAIN = note('total', 'Add', '', '') + index('');
const WIDER = note('sum', 'Plus', '-', ', marks: Int = 5') + index('-');

const OTHER_SIGN = `upgrade old.Index -> Index {
  state s -> { pages: Map.map(s.pages, (_, page) -> -page), changes: s.changes }
  back s -> { pages: Map.map(s.pages, (_, page) -> -page), changes: s.changes }
}
`;

const SOURCES: Readonly<Record<string, string>> = {
  plain: PLAIN,
  wider: `import "plain" as old

${WIDER}
upgrade old.Note -> Note {
  rename total -> sum
  on Add(by, text) -> Plus(by: by, text: text) reply r -> -r
}

${OTHER_SIGN}`,
  again: `import "wider" as old

${PLAIN}
upgrade old.Note -> Note {
  rename sum -> total
  on Plus(by, text) -> Add(by: by, text: text) reply r -> -r
  drop marks
}

${OTHER_SIGN}`,
};

const GUEST = `machine Guest(name: String) {
  state { visits: Int = 0, text: String = "" }

  on Visit(text: String) -> Int {
    s <- get
    put -< { visits: s.visits + 1, text: text }
    return -< s.visits + 1
  }
}
`;

interface Built {
  readonly bundle: Bundle;
  readonly encoded: Uint8Array;
}

function build(name: string, sources: Readonly<Record<string, string>>): Built {
  const bundle = bundleOf({ [name]: sources[name], ...sources });
  return { bundle, encoded: encodeBundle(bundle) };
}

/** `plain` is deployed; `wider` and `again` are upgrades there and back. */
export const NOTEBOOK = {
  plain: build('plain', SOURCES),
  wider: build('wider', SOURCES),
  again: build('again', SOURCES),
};

export const GUESTBOOK = build('guest', { guest: GUEST });
