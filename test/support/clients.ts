import { fingerprints, type Image } from '@smc/protocol';
import { LineConnection, type NodeProcess } from './process.ts';

/** A client that sends one request after the other until it is told to end. Each adds 1 and answers with the total. */
export class AddingClient {
  readonly connection: LineConnection;
  /** Replies that were not the next total; the first one ends it. */
  readonly wrong: string[] = [];
  total = 0;
  readonly #request: string;
  #isEnding = false;
  readonly #ended: Promise<void>;

  private constructor(connection: LineConnection, request: string) {
    this.connection = connection;
    this.#request = request;
    this.#ended = this.#run();
  }

  /** One that speaks the interface of this image. */
  static async connect(node: NodeProcess, image: Image, request: string): Promise<AddingClient> {
    const connection = await LineConnection.open(node.tcpPort);
    const answer = await connection.ask(`interface ${fingerprints(image).interface}`);
    if (answer !== 'ok ()') throw new Error(`the interface of ${image.name} is answered with ${answer}`);
    return new AddingClient(connection, request);
  }

  /** Until it has had so many more replies. */
  async served(replies: number): Promise<void> {
    const goal = this.total + replies;
    while (this.total < goal && this.wrong.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding && this.wrong.length === 0) {
      const reply = await this.connection.ask(this.#request);
      if (reply === `ok ${this.total + 1}`) this.total++;
      else this.wrong.push(`${reply}, not ${this.total + 1}`);
    }
  }
}
