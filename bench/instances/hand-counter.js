// A counter under a key, as a careful JavaScript programmer would write it: read as text, for Node and for QuickJS.
// oxlint-disable-next-line no-unused-vars -- by those that read it.
class HandCounter {
  constructor(key) {
    this.key = key;
    this.n = 0;
  }

  increment() {
    const { n } = this;
    const next = n + 1;
    if ((next | 0) !== next && next > Number.MAX_SAFE_INTEGER) throw new RangeError('integer overflow');
    this.n = next;
    return n;
  }
}
