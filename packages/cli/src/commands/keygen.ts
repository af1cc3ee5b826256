import { generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { keyFingerprint } from '@smc/protocol';
import { one, type CommandDefinition } from '../command.ts';
import { EXIT, Stop } from '../exit.ts';
import { reason } from '../files.ts';
import { rawKey } from '../signing.ts';

/** `smc keygen NAME`: a pair of Ed25519 keys, to sign bundles with and to know them by. */
export const keygen: CommandDefinition = {
  example: 'smc keygen release',
  declare: (command) => {
    command.argument('<name>', 'writes NAME.key, which is secret, and NAME.pub, which nodes are given');
  },
  async run(words, output) {
    const name = one(words, 0);
    const [secretFile, publicFile] = [`${name}.key`, `${name}.pub`];
    const taken = [secretFile, publicFile].find((file) => existsSync(file));
    if (taken !== undefined) {
      throw new Stop(EXIT.refused, 'file-there', `${taken} is there already, and keys are not written over`);
    }
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    write(secretFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), 0o600);
    write(publicFile, publicKey.export({ format: 'pem', type: 'spki' }), 0o644);
    const fingerprint = keyFingerprint(rawKey(publicKey));
    output.line(`${secretFile} signs, and is to be kept secret; ${publicFile} is what nodes trust`);
    output.line(`the key is ${fingerprint}`);
    output.data({ secret: secretFile, public: publicFile, fingerprint });
    return EXIT.done;
  },
};

/** A new file: one that came there meanwhile is not written over. */
function write(file: string, text: string | Buffer, mode: number): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
  } catch (error) {
    throw new Stop(EXIT.usage, 'no-file', `${file} can not be written: ${reason(error)}`);
  }
}
