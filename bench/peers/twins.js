// Read after inplace.js, in one scope with it: what a careful JavaScript programmer would write for the workloads
// that it lacks, in its manner. State is changed in place, integers are checked for overflow, replies are objects.

const checked = (x) => ((x | 0) === x ? x : slow(x));
const answer = (tag, value) => ({ tag, value });
const IGNORED = { tag: 0, value: undefined };
const FAULT = { tag: 4, value: undefined };

Object.assign(workloads, {
  record() {
    const s = { count: 0, sum: 0, least: 1000000, most: 0, last: 0, limit: 900, alarms: 0, label: 'gauge' };
    const step = (input) => {
      if (input.tag === 0) {
        const over = input.value > s.limit;
        const count = checked(s.count + 1);
        const sum = rem(checked(s.sum + input.value), 1000000007);
        const alarms = over ? checked(s.alarms + 1) : s.alarms;
        s.count = count;
        s.sum = sum;
        if (input.value < s.least) s.least = input.value;
        if (input.value > s.most) s.most = input.value;
        s.last = input.value;
        s.alarms = alarms;
        return over;
      }
      if (input.tag === 1) {
        s.limit = input.value;
        return undefined;
      }
      return { count: s.count, least: s.least, most: s.most, sum: s.sum };
    };
    const inputs = Array.from({ length: N }, () => {
      const kind = next() % 8;
      if (kind === 0) return { tag: 2, value: 0 };
      if (kind === 1) return { tag: 1, value: 850 + (next() % 100) };
      return { tag: 0, value: next() % 1000 };
    });
    const digest = (r) =>
      typeof r === 'boolean' ? (r ? 2 : 3) : r === undefined ? 1 : (r.count + r.least + r.most + r.sum) & 7;
    return [inputs, step, digest];
  },
  ledgerFails() {
    const balance = new Map();
    for (let i = 0; i < 10000; i++) balance.set('acct' + i, 1000);
    const step = (input) => {
      if (input.tag === 1) {
        const b = balance.get(input.account);
        return b === undefined ? MISSING : answer(2, b);
      }
      const a = balance.get(input.from);
      if (a === undefined) return MISSING;
      if (a < input.amount) return answer(3, input.amount - a);
      balance.set(input.from, checked(a - input.amount));
      const b = balance.get(input.to);
      if (b === undefined) {
        balance.set(input.from, a);
        return FAULT;
      }
      balance.set(input.to, checked(b + input.amount));
      return OK;
    };
    const acct = (count) => 'acct' + (next() % count);
    // One in ten receivers is nobody.
    const inputs = Array.from({ length: N }, () =>
      next() % 4 === 0
        ? { tag: 1, account: acct(10000) }
        : { tag: 0, from: acct(10000), to: acct(11111), amount: 1 + (next() % 100) },
    );
    return [inputs, step, (r) => r.tag + ((r.value ?? 0) & 7)];
  },
  text() {
    const notes = [];
    let total = 0;
    const step = (input) => {
      if (input.tag === 0) {
        const note = input.author + ': ' + input.words.join(' ');
        const all = checked(total + 1);
        notes.push(note);
        if (notes.length > 50) notes.shift();
        total = all;
        return note.length;
      }
      if (input.tag === 1) {
        let count = 0;
        for (let i = 0; i < notes.length; i++) if (notes[i].includes(input.word)) count++;
        return count;
      }
      const heads = [];
      for (let i = notes.length - 1; i >= 0 && heads.length < input.count; i--)
        heads.push(notes[i].slice(0, 12).toUpperCase());
      return heads;
    };
    const WORDS = ['ship', 'order', 'late', 'paid', 'refund', 'parcel', 'address', 'again'];
    const word = () => WORDS[next() % WORDS.length];
    const inputs = Array.from({ length: 4096 }, () => {
      const kind = next() % 4;
      if (kind === 0) return { tag: 1, word: word() };
      if (kind === 1) return { tag: 2, count: 1 + (next() % 10) };
      const author = 'user' + (next() % 100);
      return { tag: 0, author, words: Array.from({ length: 2 + (next() % 6) }, word) };
    });
    return [inputs, step, (r) => (typeof r === 'number' ? r & 7 : r.length + ((r[0] ?? '').length & 7))];
  },
  protocol() {
    // The phases are 0 idle, 1 greeting, 2 open, 3 closing; a field means something in some of them.
    const s = { phase: 0, peer: 0, tries: 0, sent: 0, seen: 0 };
    const greeting = (input) => {
      switch (input.tag) {
        case 0:
          s.tries = checked(s.tries + 1);
          s.peer = input.peer;
          return answer(1, input.peer);
        case 1:
          if (input.peer !== s.peer) return answer(6, 'accepted by another');
          s.phase = 2;
          s.sent = s.seen = 0;
          return answer(2, s.peer);
        case 5: {
          const tries = s.tries;
          if (tries > 3) {
            s.phase = 0;
            return answer(5, tries);
          }
          s.tries = checked(tries + 1);
          return answer(4, tries);
        }
        default:
          return IGNORED;
      }
    };
    const open = (input) => {
      switch (input.tag) {
        case 2:
          if (input.peer !== s.peer) return answer(6, 'sent by another');
          s.sent = checked(s.sent + 1);
          if (input.number > s.seen) s.seen = input.number;
          return answer(3, input.number);
        case 3:
          if (input.number > s.sent) return answer(6, 'never sent');
          s.sent = checked(s.sent - input.number);
          return answer(3, s.seen);
        case 4:
          s.phase = 3;
          return answer(5, s.sent);
        case 5:
          return answer(4, s.sent);
        default:
          return IGNORED;
      }
    };
    const closing = (input) => {
      const pending = s.sent;
      if (input.tag === 3) {
        if (pending > input.number) {
          s.sent = checked(pending - input.number);
          return answer(3, pending);
        }
        s.phase = 0;
        return answer(5, 0);
      }
      if (input.tag !== 5) return IGNORED;
      s.phase = 0;
      return answer(5, pending);
    };
    const step = (input) => {
      if (s.phase === 1) return greeting(input);
      if (s.phase === 2) return open(input);
      if (s.phase === 3) return closing(input);
      if (input.tag !== 0) return IGNORED;
      s.phase = 1;
      s.peer = input.peer;
      s.tries = 0;
      return answer(1, input.peer);
    };
    // The messages are 0 hello, 1 accept, 2 data, 3 ack, 4 bye, 5 tick.
    const KINDS = [0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 5];
    const inputs = Array.from({ length: N }, () => ({
      tag: KINDS[next() % KINDS.length],
      peer: 1 + (next() % 2),
      number: next() % 4,
    }));
    const digest = ({ tag, value }) => tag + ((typeof value === 'string' ? value.length : (value ?? 0)) & 7);
    return [inputs, step, digest];
  },
});
