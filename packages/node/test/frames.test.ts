// Long because all of the framed protocol is tried by one peer that writes its frames by hand.
import { createConnection, type Socket } from 'node:net';
import {
  ByteWriter,
  decodeNodeFrame,
  decodeValue,
  encodeCall,
  FRAME_LIMITS,
  FRAME_MAGIC,
  FrameSplitter,
  type Image,
  INT,
  inputType,
  interfaceFingerprint,
  fingerprints,
  type NodeFrame,
  type Value,
  writeCall,
  writeHello,
  writeMachine,
  writePing,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogGroup } from '../src/journal/group.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import { NODE_LIMITS, type NodeLimits } from '../src/limits.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { Tokens } from '../src/access/tokens.ts';
import { account } from './accounts.ts';
import { replayed } from './core.ts';
import { broad, bundleOf, counter, labelled, toLabelled, upgradeBundle } from './images.ts';
import { put, send } from './requests.ts';

let node: RunningNode;
let journal: FailingJournal;

/** A journal that fails when it is told to. */
class FailingJournal extends MemoryJournal {
  fails = false;

  override append(groups: readonly LogGroup[]): void {
    if (this.fails) throw new Error('the disk is full');
    super.append(groups);
  }
}

async function start(limits: Partial<NodeLimits> = {}, ...images: Image[]): Promise<void> {
  journal = new FailingJournal();
  node = await startNode({ httpPort: 0, linesPort: 0, limits, journal });
  expect(await put(node, bundleOf(...(images.length > 0 ? images : [counter()])))).toMatchObject({
    status: 200,
  });
}

afterEach(() => node.close());

const SESSION = '00112233445566778899aabbccddeeff';

/** The bytes of a call of an operation by its name. */
function callOf(image: Image, name: string, input: Value = null, key: string | null = null): Uint8Array {
  const operation = image.operations.findIndex((each) => each.name === name);
  const { types } = image.unit;
  return encodeCall(types, inputType(types, image.operations[operation].parameters), {
    key,
    operation,
    input,
  });
}

const INCR = callOf(counter(), 'Incr');
const READ = callOf(counter(), 'Read');

/** The other side of a framed connection: it sends what it is told, and notes what comes. */
class Peer {
  readonly socket: Socket;
  readonly writer = new ByteWriter();
  readonly frames: NodeFrame[] = [];
  /** Values of replies, encoded. */
  readonly values = new Map<number, Uint8Array>();
  readonly closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  readonly #splitter = new FrameSplitter(FRAME_LIMITS.replyBytesMax);
  #magic = 0;
  #changed: () => void = () => {};

  constructor(allowHalfOpen = false) {
    this.socket = createConnection({ port: node.linesPort!, host: '127.0.0.1', allowHalfOpen });
    this.socket.on('data', (chunk) => this.#take(chunk));
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        resolve();
        this.#changed();
      });
    });
    this.writer.raw(FRAME_MAGIC);
  }

  /** One that said hello, and which machines it speaks to. */
  static greeted(session = SESSION, ...machines: Image[]): Peer {
    const peer = new Peer();
    writeHello(peer.writer, session, '');
    for (const image of machines.length > 0 ? machines : [counter()]) {
      writeMachine(peer.writer, { name: image.name, interface: interfaceFingerprint(image) });
    }
    return peer;
  }

  call(id: number, body: Uint8Array, machine = 0, deadlineMillis = 0): this {
    writeCall(this.writer, { id, deadlineMillis, machine, body });
    return this;
  }

  send(): this {
    this.socket.write(this.writer.bytes());
    this.writer.clear();
    return this;
  }

  /** Waits until so many requests are answered, or the connection ends. */
  async answers(count: number): Promise<void> {
    const isAnswer = ({ kind }: NodeFrame): boolean => kind === 'reply' || kind === 'error';
    while (this.frames.filter(isAnswer).length < count && !this.socket.destroyed) await this.change();
  }

  /** Waits until something comes. */
  change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve));
  }

  ints(ids: readonly number[]): (number | string)[] {
    return ids.map((id) => this.int(id));
  }

  /** The reply to a request as an Int, or the code of its error. */
  int(id: number): number | string {
    const error = this.frames.find((frame) => frame.kind === 'error' && frame.id === id);
    if (error?.kind === 'error') return error.code;
    const bytes = this.values.get(id);
    if (bytes === undefined) return 'no reply';
    const value = decodeValue(counter().unit.types, INT, bytes);
    return value.ok ? (value.value as number) : value.malformed.message;
  }

  #take(chunk: Buffer): void {
    this.#received = chunk;
    let at = 0;
    while (this.#magic < FRAME_MAGIC.length && at < chunk.length) {
      expect(chunk[at++]).toBe(FRAME_MAGIC[this.#magic++]);
    }
    this.#splitter.push(this.#received.subarray(at));
    while (this.#splitter.next()) {
      const { bytes, start, end } = this.#splitter;
      const decoded = decodeNodeFrame(bytes, start, end);
      if (!decoded.ok) throw new Error(decoded.malformed.message);
      const frame = decoded.value;
      this.frames.push(frame);
      if (frame.kind === 'reply') this.values.set(frame.id, bytes.slice(frame.start, frame.end));
    }
    this.#changed();
  }
}

/** The error that the connection was closed with. */
async function fate(peer: Peer): Promise<string> {
  await peer.closed;
  const last = peer.frames.findLast((frame) => frame.kind === 'error');
  return last?.kind === 'error' ? `${last.id} ${last.code}: ${last.message}` : 'closed without a word';
}

const range = (count: number, first = 1): number[] => Array.from({ length: count }, (_, i) => first + i);

describe('framed requests', () => {
  it('are answered by their ids, and what runs is said before the first reply', async () => {
    await start();
    const peer = Peer.greeted();
    peer
      .call(1, INCR)
      .call(2, READ)
      .call(3, callOf(counter(), 'Divide', 0))
      .call(4, READ)
      .send();
    await peer.answers(4);
    while (!peer.frames.some(({ kind }) => kind === 'machine')) await peer.change();
    expect(peer.int(2)).toBe(1);
    expect(peer.int(3)).toBe('fault');
    expect(peer.int(4)).toBe(1);
    const { code, interface: fingerprint } = fingerprints(counter());
    const kinds = peer.frames.map(({ kind }) => kind).filter((kind) => kind !== 'machine');
    expect(kinds).toEqual(['welcome', 'code', 'reply', 'reply', 'error', 'reply']);
    expect(peer.frames[0]).toMatchObject({ version: 1, inFlightMax: NODE_LIMITS.frameInFlightMax });
    expect(peer.frames.find(({ kind }) => kind === 'code')).toEqual({ kind: 'code', machine: 0, code });
    expect(peer.frames.find(({ kind }) => kind === 'machine')).toEqual({
      kind: 'machine',
      number: 0,
      running: { code, interface: fingerprint },
      refused: null,
    });
    peer.socket.end();
    await peer.closed;
  });

  it('are not answered where nobody knows whether they were done: the connection ends', async () => {
    await start();
    const peer = Peer.greeted();
    peer.call(1, READ).send();
    await peer.answers(1);
    journal.fails = true;
    peer.call(2, INCR).call(3, INCR).send();
    await peer.closed;
    expect(peer.ints([1, 2, 3])).toEqual([0, 'no reply', 'no reply']);
    expect((await node.failure).message).toBe('the disk is full');
  });

  it('may come byte by byte, as lines may on the same port', async () => {
    await start();
    const peer = Peer.greeted();
    peer.call(1, INCR).call(2, READ);
    for (const byte of peer.writer.bytes()) {
      peer.socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.answers(2);
    expect(peer.int(2)).toBe(1);
    const lines = createConnection({ port: node.linesPort!, host: '127.0.0.1', noDelay: true });
    let shown = '';
    lines.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    for (const letter of 'Counter Incr\nCounter Read\n') {
      lines.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    lines.end();
    await new Promise((resolve) => lines.once('close', resolve));
    expect(shown).toBe('ok ()\nok 2\n');
  });

  it('go to instances of keyed machines, and to several machines on one connection', async () => {
    await start({}, counter(), account());
    const peer = Peer.greeted(SESSION, account(), counter());
    const deposit = (key: string, amount: number): Uint8Array => callOf(account(), 'Deposit', amount, key);
    peer
      .call(1, deposit('alice', 5))
      .call(2, deposit('bob', 7))
      .call(3, INCR, 1)
      .call(4, deposit('alice', 1))
      .send();
    await peer.answers(4);
    expect(peer.frames.filter(({ kind }) => kind === 'error')).toEqual([]);
    expect(peer.frames.filter(({ kind }) => kind === 'code')).toHaveLength(2);
    expect((await send(node, '/Account/alice/Balance')).body).toBe('6');
    expect((await send(node, '/Account/bob/Balance')).body).toBe('7');
    expect((await send(node, '/Counter/Read')).body).toBe('1');
  });

  it('are refused, each, where the machine or its interface is not known', async () => {
    await start();
    const peer = Peer.greeted(SESSION, account(), { ...counter(), name: 'Nobody' }, labelled(), counter());
    peer
      .call(1, callOf(account(), 'Balance', null, 'a'), 0)
      .call(2, READ, 1)
      .call(3, READ, 2)
      .call(4, READ, 3)
      .send();
    await peer.answers(4);
    expect(peer.ints([1, 2, 3, 4])).toEqual(['unknown-machine', 'unknown-machine', 'unknown-interface', 0]);
    const answers = peer.frames.flatMap((frame) => (frame.kind === 'machine' ? [frame.refused?.code] : []));
    expect(answers).toEqual(['unknown-machine', 'unknown-machine', 'unknown-interface', undefined]);
  });

  it('whose bytes are no input are refused, each, and the connection goes on', async () => {
    await start();
    const peer = Peer.greeted();
    peer
      .call(1, Uint8Array.of(9, 0))
      .call(2, Uint8Array.of())
      .call(3, Uint8Array.of(1, 1))
      .call(4, READ)
      .send();
    await peer.answers(4);
    expect(peer.ints([1, 2, 3, 4])).toEqual(['bad-request', 'bad-request', 'bad-request', 0]);
  });

  it('happen once for a session and an id, and get the first reply again', async () => {
    await start();
    const incrBy = callOf(counter(), 'Refuse', 'no');
    const first = Peer.greeted();
    first.call(1, INCR).call(2, INCR).call(3, incrBy).call(4, READ).send();
    await first.answers(4);
    first.socket.destroy();
    const second = Peer.greeted();
    second.call(2, INCR).call(1, INCR).call(3, incrBy).call(2, READ).call(5, READ).send();
    await second.answers(5);
    expect(
      second.frames.flatMap((frame) => (frame.kind === 'error' ? [[frame.id, frame.code]] : [])),
    ).toEqual([
      [3, 'fault'],
      [2, 'idempotency-mismatch'],
    ]);
    expect(second.int(5)).toBe(2);
    const other = Peer.greeted('f'.repeat(32));
    other.call(1, INCR).call(2, READ).send();
    await other.answers(2);
    expect(other.int(2)).toBe(3);
    const machine = replayed(journal.read()).machines.get('Counter')!;
    expect(machine.instances.get(null)).toEqual([3]);
    expect(machine.kept.find({ session: SESSION, id: 2, digest: 0 })).toEqual({ kind: 'other' });
    expect([...machine.kept.entries()].map(({ request }) => request)).toMatchObject([
      { session: SESSION, id: 1 },
      { session: SESSION, id: 2 },
      { session: SESSION, id: 3 },
      { session: 'f'.repeat(32), id: 1 },
    ]);
  });

  it('that read are carried out each time, and are no entries of the log', async () => {
    await start();
    const peer = Peer.greeted();
    peer.call(1, READ).call(2, INCR).call(1, READ).send();
    await peer.answers(3);
    expect(peer.int(1)).toBe(1);
    expect(JSON.parse((await send(node, '/_smc/machines/Counter')).body)).toMatchObject({ inputs: 1 });
  });

  it('go through adapters when an upgrade changes the interface, and are told what runs', async () => {
    await start();
    const peer = Peer.greeted();
    peer.call(1, INCR).send();
    await peer.answers(1);
    expect(await put(node, upgradeBundle(labelled(), toLabelled(counter())))).toMatchObject({ status: 200 });
    peer
      .call(2, INCR)
      .call(3, READ)
      .call(4, callOf(counter(), 'Divide', 1))
      .call(1, INCR)
      .send();
    await peer.answers(5);
    expect(peer.ints([3, 4])).toEqual([2, 'gone']);
    const codes = peer.frames.flatMap((frame) => (frame.kind === 'code' ? [frame.code] : []));
    expect(codes).toEqual([fingerprints(counter()).code, fingerprints(labelled()).code]);
  });

  it('are answered before the node ends, which says goodbye', async () => {
    await start();
    const peer = Peer.greeted();
    for (const id of range(500)) peer.call(id, INCR);
    peer.send();
    await peer.change();
    const closing = node.close();
    peer.call(501, INCR).send();
    await Promise.all([closing, peer.closed]);
    expect(peer.frames.some(({ kind }) => kind === 'goodbye')).toBe(true);
    expect(range(500).filter((id) => !peer.values.has(id))).toEqual([]);
  });

  it('are not begun once their deadline has passed', async () => {
    journal = new FailingJournal();
    let now = 0;
    // Each look at it takes longer than the first request may wait.
    const stopwatch = (): number => (now += 20);
    node = await startNode({ httpPort: 0, linesPort: 0, journal, stopwatch });
    expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
    const peer = Peer.greeted();
    peer.call(1, INCR, 0, 10).call(2, INCR, 0, 0).call(3, READ, 0, 9_000).send();
    await peer.answers(3);
    // 0 is none at all.
    expect([peer.int(1), peer.int(3)]).toEqual(['overloaded', 1]);
  });

  it('are answered with a pong where they are a ping', async () => {
    await start();
    const peer = Peer.greeted();
    writePing(peer.writer);
    peer.send();
    while (!peer.frames.some(({ kind }) => kind === 'pong')) await peer.change();
  });
});

describe('tokens in frames', () => {
  it('are shown in the hello, and make sessions of callers two', async () => {
    journal = new FailingJournal();
    const calls = new Tokens([
      { caller: 'anna', token: 'a' },
      { caller: 'ben', token: 'b' },
    ]);
    node = await startNode({ httpPort: 0, linesPort: 0, journal, access: { calls } });
    expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
    const counted = async (token: string): Promise<number | string> => {
      const peer = new Peer();
      writeHello(peer.writer, SESSION, token);
      writeMachine(peer.writer, { name: 'Counter', interface: interfaceFingerprint(counter()) });
      peer.call(1, INCR).call(2, READ).send();
      await peer.answers(2);
      return peer.frames.some(({ kind }) => kind === 'welcome') ? peer.int(2) : fate(peer);
    };
    expect(await counted('')).toBe('0 unauthorized: this needs a token');
    expect(await counted('c')).toBe('0 unauthorized: the token is not one that may do this');
    expect([await counted('a'), await counted('a'), await counted('b')]).toEqual([1, 1, 2]);
  });
});

describe('a framed connection', () => {
  it('that is malformed is told so, and closed', async () => {
    await start();
    const provoke = async (write: (writer: ByteWriter) => void, greeted = true): Promise<string> => {
      const peer = greeted ? Peer.greeted() : new Peer();
      write(peer.writer);
      peer.send();
      return fate(peer);
    };
    const frame =
      (...bytes: number[]) =>
      (writer: ByteWriter): void => {
        writer.fixed(bytes.length);
        writer.raw(Uint8Array.from(bytes));
      };
    expect(await provoke(frame(0x7f))).toBe(
      '0 bad-request: a frame is malformed: a client sends no frame of kind 127 (byte 0)',
    );
    expect(await provoke(frame(3, 0))).toMatch(/^0 bad-request: a frame is malformed: the id 0/);
    expect(await provoke(frame(4), false)).toBe('0 bad-request: the first frame is no hello');
    expect(await provoke(frame(1, 2, 3, 4), false)).toBe(
      '0 bad-request: the node speaks version 1 of the framed protocol, the client version 2',
    );
    expect(await provoke((writer) => writeHello(writer, SESSION, ''))).toBe('0 bad-request: a second hello');
    expect(
      await provoke((writer) => writeCall(writer, { id: 1, deadlineMillis: 0, machine: 7, body: INCR })),
    ).toBe('0 bad-request: no machine has the number 7');
    const wrong = new Peer();
    wrong.writer.clear();
    wrong.writer.raw(Uint8Array.of(0, 0x73, 0x6d, 0x62));
    wrong.send();
    expect(await fate(wrong)).toBe('0 bad-request: this is neither a line nor a frame');
  });

  it('that announces a gigabyte is closed before it comes, and holds no memory for it', async () => {
    await start();
    const peers = range(50).map(() => {
      const peer = Peer.greeted();
      peer.writer.fixed(0x4000_0000);
      peer.writer.byte(3);
      return peer.send();
    });
    for (const peer of peers) {
      expect(await fate(peer)).toMatch(
        /^0 bad-request: a frame of 1073741824 bytes, where it has 1 to 1048576/,
      );
    }
  });

  it('may have a part of a frame on its way, but not all of them too much', async () => {
    await start({ partialBytesMax: 512 * 1024 });
    const peers = range(10).map((i) => {
      const peer = Peer.greeted(i.toString(16).padStart(32, '0'));
      peer.writer.fixed(200_000);
      peer.writer.raw(new Uint8Array(100_000));
      return peer.send();
    });
    await Promise.race(peers.map(({ closed }) => closed));
    const refusedOne = peers.find(({ socket }) => socket.destroyed)!;
    expect(await fate(refusedOne)).toMatch(/^0 overloaded/);
    const good = Peer.greeted();
    good.call(1, INCR).call(2, READ).send();
    await good.answers(2);
    expect(good.int(2)).toBe(1);
    for (const { socket } of peers) socket.destroy();
  });

  it('that is closed holds nothing any more of what came of a frame', async () => {
    await start({ partialBytesMax: 512 * 1024, stalledMillisMax: 1_000, closeMillisMax: 60_000 }, labelled());
    // It does not close its side.
    const late = new Peer(true);
    writeHello(late.writer, SESSION, '');
    late.writer.fixed(300_000);
    late.writer.raw(new Uint8Array(250_000));
    late.send();
    await expect.poll(() => late.frames.some(({ kind }) => kind === 'error')).toBe(true);
    const good = Peer.greeted('5e'.repeat(16), labelled());
    good.call(1, callOf(labelled(), 'Label', 'x'.repeat(400_000))).send();
    await good.answers(1);
    expect(good.values.has(1)).toBe(true);
    expect(late.socket.destroyed).toBe(false);
    late.socket.destroy();
  });

  it('that says no hello, or not all of it, is closed in time; a thousand of them keep nobody away', async () => {
    await start({ helloMillisMax: 500, silentMillisMax: 500 });
    const peers = range(1_000).map((i) => {
      const peer = new Peer();
      if (i % 3 > 0) {
        writeHello(peer.writer, SESSION, '');
        peer.socket.write(peer.writer.bytes().subarray(0, i % 3 === 1 ? 3 : 12));
      }
      return peer;
    });
    const good = Peer.greeted();
    good.call(1, INCR).call(2, READ).send();
    await good.answers(2);
    expect(good.int(2)).toBe(1);
    await Promise.all(peers.map(({ closed }) => closed));
  });

  it('that sends a frame too slowly is closed, and not one that was idle before', async () => {
    await start({ stalledMillisMax: 1_000 });
    const peer = Peer.greeted();
    peer.call(1, INCR).send();
    await peer.answers(1);
    // Longer than a frame may take, without one.
    await new Promise((resolve) => setTimeout(resolve, 1_400));
    peer.call(2, READ);
    const bytes = peer.writer.bytes();
    peer.writer.clear();
    peer.socket.write(bytes.subarray(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    peer.socket.write(bytes.subarray(5));
    await peer.answers(2);
    expect(peer.int(2)).toBe(1);
    peer.socket.write(bytes.subarray(0, 5));
    expect(await fate(peer)).toBe('0 bad-request: a frame did not come whole in time');
  });

  it('whose peer ends after its requests gets the replies to all that came whole', async () => {
    await start();
    const peer = Peer.greeted();
    for (const id of range(1_000)) peer.call(id, INCR);
    peer.socket.end(Buffer.concat([peer.writer.bytes(), Buffer.from([0, 0, 0, 9, 3])]));
    await peer.closed;
    expect(range(1_000).filter((id) => !peer.values.has(id))).toEqual([]);
  });

  it('that sends nothing for long is told goodbye', async () => {
    await start({ idleMillisMax: 100 });
    const peer = Peer.greeted();
    peer.send();
    await peer.closed;
    expect(peer.frames.at(-1)).toEqual({ kind: 'goodbye' });
  });

  it('that is greedy is told so, with a time to try again; what was taken is carried out', async () => {
    await start({ frameInFlightMax: 10 });
    const peer = Peer.greeted();
    const good = Peer.greeted('1'.repeat(32));
    for (const id of range(2_000)) peer.call(id, INCR);
    peer.send();
    good.call(1, READ).send();
    await Promise.all([peer.answers(2_000), good.answers(1)]);
    const refused = peer.frames.filter((frame) => frame.kind === 'error');
    expect(refused.length).toBeGreaterThan(0);
    for (const frame of refused) expect(frame).toMatchObject({ code: 'overloaded', retryMillis: 100 });
    expect((await send(node, '/Counter/Read')).body).toBe(String(2_000 - refused.length));
  });

  it('is not read where there was no room for its last request, until another one is answered', async () => {
    await start({ queuedEventsMax: 4 });
    const peer = Peer.greeted();
    for (const id of range(1_000)) peer.call(id, INCR);
    peer.socket.end(peer.writer.bytes());
    peer.writer.clear();
    await peer.answers(1_000);
    const refused = peer.frames.filter((frame) => frame.kind === 'error');
    expect(refused.length).toBeGreaterThan(0);
    // Not all that came after the first, at once.
    expect(refused.length).toBeLessThan(500);
    expect((await send(node, '/Counter/Read')).body).toBe(String(1_000 - refused.length));
  });

  it('is read on after a refusal, where all else that was on its way was the name of a machine', async () => {
    await start({ queuedEventsMax: 1 });
    const peer = Peer.greeted().call(1, INCR).send();
    await peer.answers(1);
    expect(peer.int(1)).toBe('overloaded');
    await peer.call(2, READ).send().answers(2);
    expect(peer.int(2)).toBe(0);
  });

  it('may name more machines at once than calls may wait, and call them', async () => {
    await start({ frameInFlightMax: 4 });
    const peer = Peer.greeted(SESSION, ...Array.from({ length: 10 }, counter));
    for (const id of range(4)) peer.call(id, INCR);
    await peer.send().answers(4);
    expect(range(4).filter((id) => !peer.values.has(id))).toEqual([]);
  });

  it('that names machines while too much waits is told so; what it asks them is carried out', async () => {
    await start({ queuedEventsMax: 2 });
    const peer = Peer.greeted(SESSION, ...Array.from({ length: 10 }, counter)).send();
    while (peer.frames.filter(({ kind }) => kind === 'machine').length < 10) await peer.change();
    const refusals = peer.frames.flatMap((frame) =>
      frame.kind === 'machine' ? [frame.refused?.code ?? null] : [],
    );
    expect(new Set(refusals)).toEqual(new Set([null, 'overloaded']));
    await peer.call(1, INCR).send().answers(1);
    expect(peer.values.has(1)).toBe(true);
  });

  it('whose peer takes no replies is not read, and no more is held for it than is allowed', async () => {
    await start({ outputBytesMax: 8 * 1024 * 1024 }, broad('Broad'), counter());
    const peer = Peer.greeted();
    peer.socket.pause();
    // More than the system holds for a connection, and than the node does.
    let isTaken = true;
    for (let id = 1; id < 2_000_000 && isTaken; id += 500) {
      for (const each of range(500, id)) peer.call(each, READ);
      isTaken = peer.socket.write(peer.writer.bytes()) || peer.socket.writableLength < 4 * 1024 * 1024;
      peer.writer.clear();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isTaken).toBe(false);
    const good = Peer.greeted('1'.repeat(32));
    good.call(1, INCR).call(2, READ).send();
    await good.answers(2);
    expect(good.int(2)).toBe(1);
    peer.socket.destroy();
  });

  it('whatever comes, is answered or closed, and others go on', async () => {
    await start({ closeMillisMax: 200 });
    const noise = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.constantFrom(0, 1, 2));
    await fc.assert(
      fc.asyncProperty(noise, async ([bytes, kind]) => {
        const peer = kind === 0 ? new Peer() : Peer.greeted();
        if (kind === 2) peer.writer.fixed(bytes.length);
        peer.writer.raw(bytes);
        peer.send();
        peer.socket.end();
        await peer.closed;
      }),
      { numRuns: 300 },
    );
    const good = Peer.greeted('1'.repeat(32));
    good.call(1, READ).send();
    await good.answers(1);
    expect(typeof good.int(1)).toBe('number');
  });
});
