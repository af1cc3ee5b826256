import { describe, expect, it } from 'vitest';
import {
  decodeBundle,
  encodeBundle,
  encodeSigned,
  keyFingerprint,
  openSigned,
  signedMessage,
} from '../src/index.ts';

const bundle = encodeBundle({ images: [], upgrades: [], debug: [] });
const signature = (first: number) => ({
  key: new Uint8Array(32).fill(first),
  signature: new Uint8Array(64).fill(first + 1),
});

describe('signatures', () => {
  it('stand before the bundle, in the order of their keys, and come back as they were', () => {
    const signed = encodeSigned({ bundle, signatures: [signature(7), signature(3)] });
    expect(openSigned(signed)).toEqual({
      ok: true,
      value: { bundle, signatures: [signature(3), signature(7)] },
    });
    expect(openSigned(bundle)).toEqual({ ok: true, value: { bundle, signatures: [] } });
  });

  it('are passed over by whoever reads the bundle', () => {
    const signed = encodeSigned({ bundle, signatures: [signature(1)] });
    expect(decodeBundle(signed)).toEqual(decodeBundle(bundle));
    expect(decodeBundle(bundle)).toMatchObject({ ok: true });
    // Twice is not signed, but wrong.
    expect(decodeBundle(encodeSigned({ bundle: signed, signatures: [signature(2)] }))).toMatchObject({
      malformed: { message: 'this is no bundle' },
    });
  });

  it('are refused in any other form', () => {
    const signed = encodeSigned({ bundle, signatures: [signature(3), signature(7)] });
    const changed = (at: number, byte: number): Uint8Array => signed.with(at, byte);
    expect(openSigned(changed(4, 2))).toMatchObject({ malformed: { offset: 5 } });
    expect(openSigned(changed(5, 0))).toMatchObject({
      malformed: { message: expect.stringMatching(/^no signature/) as string },
    });
    expect(openSigned(changed(5, 17))).toMatchObject({ malformed: { message: '17 signatures, at most 16' } });
    expect(openSigned(changed(6, 8))).toMatchObject({
      malformed: { message: 'signatures must ascend by key', offset: 102 },
    });
    for (let length = 4; length < 198; length++) {
      expect(openSigned(signed.subarray(0, length)), `cut after ${length} bytes`).toMatchObject({
        ok: false,
      });
    }
    const twice = { bundle, signatures: [signature(3), signature(3)] };
    expect(() => encodeSigned(twice)).toThrow('two signatures of one key');
    expect(() => encodeSigned({ bundle, signatures: [] })).toThrow('0 signatures');
  });

  it('are of the bundle alone, and of nothing that may be taken for one', () => {
    expect(new TextDecoder().decode(signedMessage(bundle).subarray(0, 18))).toBe('smc signed bundle\n');
    expect(signedMessage(bundle).subarray(18)).toEqual(bundle);
    expect(keyFingerprint(new Uint8Array(32))).toMatch(/^66687aadf862bd77/);
  });
});
