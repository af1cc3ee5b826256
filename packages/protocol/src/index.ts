export { ByteReader, ByteWriter, type Decoded, decoding, type Malformed } from './bytes.ts';
export {
  decodeBundle,
  decodeDebugOf,
  decodeImageOf,
  decodeUpgradeOf,
  encodeBundle,
  type Envelope,
  type EnvelopeImage,
  type EnvelopeUpgrade,
  openBundle,
  type EnvelopePart,
} from './bundle.ts';
export { decodeDebug } from './debug-encoding.ts';
export { decodeImage, decodeUpgradeBody, refusalOf } from './decode.ts';
export { UndoLog } from './collections/undo-log.ts';
export * from './diagnostic.ts';
export { encodeImage, encodeUpgradeBody } from './encode.ts';
export * from './fingerprint.ts';
export * from './frame.ts';
export {
  type CallBody,
  type CallInterface,
  decodeCall,
  decodeClientFrame,
  decodeNodeFrame,
  encodeCall,
  writeCall,
  writeCode,
  writeError,
  writeGoodbye,
  writeHello,
  writeMachine,
  writeMachineAnswer,
  writePing,
  writePong,
  writeReply,
  writeWelcome,
} from './frame-encoding.ts';
export { FrameSplitter } from './frame-splitter.ts';
export { FORMAT_LIMITS, FORMAT_VERSION } from './format.ts';
export * from './image.ts';
export {
  type InputLine,
  type OperationInput,
  readInput,
  readInputLine,
  readRequestLine,
  type RequestLine,
} from './input-line.ts';
export * from './instructions.ts';
export {
  encodeSigned,
  keyFingerprint,
  openSigned,
  type Signature,
  SIGNATURES_MAX,
  type SignedBundle,
  signedMessage,
} from './signature.ts';
export * from './span.ts';
export { suggest } from './suggest.ts';
export * from './type.ts';
export { encodeUtf8, utf8Length, readUtf8, textOfUnits } from './utf8.ts';
export * from './value.ts';
export { isKey, type KeyOrder, keyOrder } from './key-order.ts';
export { decodeValue, encodeValue, takeValue, writeValue } from './value-encoding.ts';
export {
  escapeLines,
  type FieldOrder,
  printOperation,
  printString,
  printSums,
  printType,
  printValue,
  showType,
} from './text.ts';
export { detached, joined } from './text-memory.ts';
export { type TextError, type TextRead } from './text-cursor.ts';
export { readValue } from './text-reader.ts';
export { parseTime, printTime } from './time.ts';
export { sameOperation } from './upgrade/compare.ts';
export { failingFunctions } from './upgrade/failing.ts';
export { sumsInOtherForm } from './upgrade/sums.ts';
export { writingFunctions } from './upgrade/writing.ts';
export { judge, judgeStale, type Judgement, type Refusal, type Running, showPath } from './upgrade/judge.ts';
export { ITEM_STEP, KEY_STEP, type Leaf, partsRead, UnitReads, unreadParts } from './upgrade/reads.ts';
export { inputFromJson, inputFromQuery, type JsonRead, valueFromJson, valueToJson } from './json.ts';
export { type JsonNode, type JsonParse, parseJson } from './json-tree.ts';
export { type Form, writtenValue } from './written.ts';
export { disassemble, disassembleUnit } from './disassemble.ts';
export * from './message.ts';
export { instructionReference } from './reference.ts';
export type { Part } from './upgrade/symbolic-value.ts';
export { toLowerCase, toUpperCase, trim } from './unicode/case.ts';
