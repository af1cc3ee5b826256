import { format } from '@smc/compiler';
import { makeRandom } from '../random.ts';
import { Expressions, type Variable } from './expressions.ts';

/**
 * Programs as people write them, of any length: one subject after the other, each with its types, its
 * functions, a machine and a test. The same seed gives the same program.
 */

const SUBJECTS = ['Order', 'Ticket', 'Parcel', 'Invoice', 'Booking', 'Device', 'Player', 'Article'];
const FIELDS = ['amount', 'weight', 'priority', 'attempts', 'level', 'stock', 'rating', 'delay'];
const STATES = ['Draft', 'Waiting', 'Accepted', 'Shipped', 'Rejected', 'Archived', 'Paused', 'Done'];

/** A formatted program of about that many lines; never more, and less by one subject at most. */
export function generateSource(lines: number, seed: number): string {
  const random = makeRandom(seed);
  let text = '';
  for (let index = 0; ; index++) {
    const subject = formatted(new Subject(index, random).text());
    const longer = text === '' ? subject : `${text}\n${subject}`;
    if (lineCount(longer) > lines) return text;
    text = longer;
  }
}

/** How many lines a text has. */
export const lineCount = (text: string): number => text.split('\n').length - 1;

function formatted(text: string): string {
  const result = format(text, 'generated.sm');
  if (result.ok) return result.text;
  throw new Error(`a generated program is wrong: ${result.diagnostics[0].message}\n${text}`);
}

/** The declarations of one subject. */
class Subject {
  private readonly name: string;
  private readonly lower: string;
  private readonly fields: readonly string[];
  private readonly states: readonly string[];
  private readonly expressions: Expressions;

  constructor(index: number, random: () => number) {
    const start = random();
    this.name = `${SUBJECTS[start % SUBJECTS.length]}${index}`;
    this.lower = this.name.toLowerCase();
    this.fields = rotated(FIELDS, start >> 3).slice(0, 2 + (start % 4));
    this.states = rotated(STATES, start >> 5).slice(0, 3 + ((start >> 2) % 3));
    this.expressions = new Expressions(random);
  }

  text(): string {
    const { expressions } = this;
    const scores = Array.from({ length: expressions.upTo(2, 4) }, (_, i) => this.score(i));
    const helpers = this.helpers(scores.length);
    return [this.types(), this.label(), ...scores, helpers, this.machine(), this.test()].join('\n\n');
  }

  private types(): string {
    const { name, lower, fields, states } = this;
    const plain = states.slice(2).map((state) => `${state}${name}`);
    return `--| How far a ${lower} has come.
type ${name}Status =
  ${states[0]}${name}(since: Time)
  | ${states[1]}${name}(String)
  | ${plain.join(' | ')}

--| What is kept of a ${lower}.
type ${name} = { owner: String, status: ${name}Status, tags: List<String>, ${fields
      .map((field) => `${field}: Int`)
      .join(', ')} }

type Page${name}<a> = { items: List<a>, total: Int }`;
  }

  private label(): string {
    const { name, lower, states } = this;
    const arms = states
      .slice(2)
      .map((state) => `${state}${name} -> ${JSON.stringify(state.toLowerCase())}`)
      .join('\n');
    return `fun ${lower}Label(status: ${name}Status) -> String = case status {
  -- what has a time shows it
  ${states[0]}${name}(since: at) -> "since " ++ Int.toString(Time.toMillis(at))
  ${states[1]}${name}(why) -> "${states[1].toLowerCase()}: " ++ String.trim(why)
  ${arms}
}`;
  }

  /** A function over the record, with local names. */
  private score(index: number): string {
    const { name, lower, fields, expressions } = this;
    const first: Variable[] = [
      ...fields.map((field) => ({ name: `item.${field}`, type: 'Int' as const })),
      { name: 'item.owner', type: 'String' },
      { name: 'item.tags', type: 'Strings' },
      { name: 'factor', type: 'Int' },
    ];
    const second: Variable[] = [...first, { name: 'base', type: 'Int' }];
    const third: Variable[] = [...second, { name: 'flagged', type: 'Bool' }];
    return `fun ${lower}Score${index}(item: ${name}, factor: Int) -> Int =
  let base = ${expressions.of('Int', first, 3)} in
  let flagged = ${expressions.of('Bool', second, 2)} in
  if flagged { ${expressions.of('Int', third, 3)} } else { ${expressions.of('Int', third, 2)} }`;
  }

  /** Generic and higher-order functions, and arrows that are put together. */
  private helpers(scores: number): string {
    const { name, lower, fields, expressions } = this;
    const variables: Variable[] = [
      { name: 'n', type: 'Int' },
      { name: 'text', type: 'String' },
    ];
    const sum = Array.from(
      { length: scores },
      (_, i) => `${lower}Score${i}(item, ${expressions.upTo(1, 99)})`,
    );
    return `fun ${lower}Page<a>(items: List<a>, from: Int, size: Int) -> Page${name}<a> = {
  items: List.take(List.drop(items, from), size),
  total: List.length(items)
}

fun ${lower}Twice(f: Int -> Int, n: Int) -> Int = f(f(n))

fun ${lower}Total(items: List<${name}>) -> Int =
  List.fold(items, 0, (sum, item) -> sum + ${sum.join(' + ')})

fun ${lower}Owners(items: Map<Int, ${name}>) -> Map<String, Int> =
  Map.fold(items, Map {}, (found, _, item) -> Map.update(found, item.owner, old -> case old {
    None -> Some(item.${fields[0]})
    Some(sum) -> Some(sum + item.${fields[1]})
  }))

fun ${lower}Message(n: Int, text: String) -> String = ${expressions.of('String', variables, 3)}

arrow ${lower}Both : (Int, Int) -> (Int, Bool) = proc (x, y) {
  let sum = x + y
  if sum > ${expressions.upTo(10, 1000)} {
    return -< (sum, true)
  } else {
    return -< (y, false)
  }
}

arrow ${lower}Pick : (Int, Int) -> Bool = ${lower}Both >>> snd`;
  }

  private machine(): string {
    const { name, lower, fields, expressions } = this;
    const [first, second] = fields;
    const local: Variable[] = [
      ...fields.map((field) => ({ name: `item.${field}`, type: 'Int' as const })),
      { name: 's.changes', type: 'Int' },
      { name: 'by', type: 'Int' },
    ];
    const initial = fields.map((field) => `${field}: ${expressions.upTo(0, 40)}`).join(', ');
    return `--| Keeps every ${lower}, by its number.
machine ${name}Desk {
  state {
    items: Map<Int, ${name}> = Map {},
    changes: Int = 0,
    limit: Int = ${expressions.upTo(50, 5000)}
  }

  invariant s -> s.changes >= 0 && Map.size(s.items) <= s.limit

  arrow count : () -> () = proc () {
    s <- get
    put -< { ...s, changes: s.changes + 1 }
  }

  on Add(id: Int, owner: String, tags: List<String> = []) -> Result<Int, String> {
    s <- get
    if Map.has(s.items, id) {
      return -< Err("there is a ${lower} " ++ Int.toString(id))
    } else {
      at <- now
      let item = { owner: owner, status: ${this.states[0]}${name}(since: at), tags: tags, ${initial} }
      put -< { ...s, items: Map.insert(s.items, id, item) }
      count
      return -< Ok(Map.size(s.items) + 1)
    }
  }

  on Change(id: Int, by: Int = 1) -> Option<Int> {
    s <- get
    case Map.get(s.items, id) {
      None -> return -< None
      Some(item) -> {
        -- kept within bounds
        let next = ${expressions.of('Int', local, 2)}
        put -< { ...s, items: Map.insert(s.items, id, { ...item, ${first}: next }) }
        count
        return -< Some(next)
      }
    }
  }

  on Move(id: Int, to: ${name}Status) -> Result<(), String> {
    s <- get
    case Map.get(s.items, id) {
      None -> return -< Err(${lower}Message(id, "not there"))
      Some(item) -> {
        put -< { ...s, items: Map.insert(s.items, id, { ...item, status: to }) }
        return -< Ok(())
      }
    }
  }

  on Label(id: Int) -> Option<String> {
    s <- get
    return -< Option.map(Map.get(s.items, id), item -> ${lower}Label(item.status))
  }

  on Listed(from: Int, size: Int) -> Page${name}<(Int, ${name})> {
    s <- get
    let sorted = List.sortBy(Map.entries(s.items), (_, item) -> -item.${second})
    return -< ${lower}Page(sorted, from, size)
  }

  on Summary -> (Int, Int, Map<String, Int>) {
    s <- get
    let total = ${lower}Total(Map.values(s.items))
    let grown = ${lower}Twice(n -> n + ${expressions.upTo(1, 9)}, s.changes)
    return -< (total, grown, ${lower}Owners(s.items))
  }

  on Check(x: Int, y: Int) -> Bool { ${lower}Pick -< (x, y) }
}`;
  }

  private test(): string {
    const { name, lower } = this;
    return `test "a ${lower} is added once" for ${name}Desk {
  Add(1, "ann") => Ok(1)
  Add(id: 1, owner: "bob", tags: ["late"]) => Err("there is a ${lower} 1")
  Move(1, ${this.states[2]}${name}) => Ok(())
  Label(1) => Some(${JSON.stringify(this.states[2].toLowerCase())})
  Label(2) => None
}`;
  }
}

const rotated = (names: readonly string[], by: number): string[] =>
  names.map((_, i) => names[(i + by) % names.length]);
