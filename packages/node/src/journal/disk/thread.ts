import type { Transferable, Worker } from 'node:worker_threads';
import { JournalError } from '../error.ts';

/** What a thread answers: what it was asked for, or why not. */
export type ThreadAnswer<T> =
  | { readonly ok: true; readonly value: T }
  /** `isJournal`: it is a `JournalError`. */
  | { readonly ok: false; readonly message: string; readonly isJournal: boolean };

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** What Node says of a worker that has ended. */
const NO_THREAD = -1;

/** A thread that does what it is asked, one after the other, and answers in that order. */
export class Thread<Request, Answer> {
  readonly #name: string;
  readonly #worker: Worker;
  /** Requests on their way, in order: as many as who asks lets there be. */
  readonly #waiting: Waiting<Answer>[] = [];
  #failure: Error | null = null;

  /** A thread that was begun, and asked for nothing yet; `name` is for messages. */
  constructor(name: string, worker: Worker) {
    this.#name = name;
    this.#worker = worker;
    worker.ref();
    this.#worker.on('message', (answer: ThreadAnswer<Answer>) => this.#take(answer));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    const ended = (): void => this.#fail(new Error(`the thread of ${name} has ended`));
    this.#worker.on('exit', ended);
    // Then it says so no more.
    if (worker.threadId === NO_THREAD) ended();
  }

  /** Why it answers nothing any more; null while it does. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Rejects with what the thread says, or with why it has ended. What is transferred is the thread's own from then on. */
  ask(request: Request, transfer: readonly Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: ThreadAnswer<Answer>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new Error(`the thread of ${this.#name} answers what nobody asked`);
    if (answer.ok) waiting.resolve(answer.value);
    else waiting.reject(answer.isJournal ? new JournalError(answer.message) : new Error(answer.message));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
