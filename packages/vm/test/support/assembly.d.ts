import {
  TypeTable,
  type Constant,
  type FunctionCode,
  type Image,
  type TypeId,
  type Unit,
  type Value,
} from '@smc/protocol';
/**
 * A small assembler. The source has an instruction on each line, its operands after it; what
 * they are is read off the instruction table. `name:` on a line is a label, for targets; any
 * other operand is a number, or the name of something that was defined.
 */
export declare class Assembly {
  #private;
  readonly types: TypeTable;
  readonly constants: Constant[];
  readonly functions: FunctionCode[];
  /** Names a type, so that instructions can refer to it. */
  type(name: string, id: TypeId): TypeId;
  constant(name: string, type: TypeId, value: Value): number;
  function(name: string, from: TypeId, to: TypeId, source: string): number;
  unit(): Unit;
}
/** An operation `Run` with one parameter of type `from`, whose body is the function `main`. */
export interface MachineSketch {
  readonly assembly: Assembly;
  readonly from: TypeId;
  readonly to: TypeId;
  readonly state?: TypeId;
  readonly initial?: Value;
}
/** An image with the operation `Run`, whose body is the last function. */
export declare function imageOf({ assembly, from, to, state, initial }: MachineSketch): Image;
