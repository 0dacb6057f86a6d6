// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Witness } from "./Witness.sol";

/// @notice A running state of a trace; see node/prover/trace-state.ts.
struct TraceState {
    bytes32 valuesRoot;
    bytes32 partialRoot;
    int256 acc;
    uint256 accIndex;
    uint256 t;
}

/// @notice The leaf of the Program that covers a step. It is opened, not checked.
/// @param valueCount Inputs, constants and ops.
/// @param firstOpValue Inputs and constants: the op of leaf i writes value firstOpValue + i.
/// @param within How far into the op the step is.
/// @param position Position of the descriptor in the call data.
struct OpenedOp {
    uint256 profile;
    uint256 firstOpValue;
    uint256 valueCount;
    uint256 leafCount;
    uint256 steps;
    uint256 leafIndex;
    uint256 stepCount;
    uint256 within;
    uint256 position;
    uint256 size;
}

/// @notice How a nest reads a value; what it has opened of it; and where it is in it.
/// @param formsAt Position in the call data of the address form; the checks follow it.
/// @param laneBytes 0 until the value is opened.
/// @param windowFirst First lane of the chunk in view; `windowEnd` the lane after its last, `windowPosition` its position in the call data.
/// @param starts Values of the forms at the first place of the row: the address, then the checks.
/// @param base Address at the first place of a row; `stride` lanes from each place to the next.
/// @param rangeFirst Places [rangeFirst, rangeEnd) of the row are in range.
struct Operand {
    uint256 value;
    uint256 checkCount;
    uint256 formsAt;
    uint256 laneBytes;
    uint256 lanes;
    uint256 depth;
    bytes32 treeRoot;
    int256 windowFirst;
    int256 windowEnd;
    uint256 windowPosition;
    int256[] starts;
    int256 base;
    int256 stride;
    uint256 rangeFirst;
    uint256 rangeEnd;
}

/// @notice A decoded op descriptor; see node/exact/program/program-codec.ts.
/// @param loops Extents: output loops, then fold loops.
/// @param foldTerms Product of the fold loops.
/// @param epilogueAt Position in the call data of the scalar ops.
struct Nest {
    uint256 kind;
    uint256 output;
    uint256 laneBytes;
    uint256 lanes;
    uint256 lanesPerStep;
    uint256 run;
    uint256 reduction;
    bool product;
    int256 padValue;
    int256 axisStride;
    int256 axisExtent;
    uint256 outLoopCount;
    uint256[] loops;
    uint256 foldTerms;
    Operand[] operands;
    uint256 epilogueCount;
    uint256 epilogueAt;
}

/// @notice A row: places 0 … count − 1, from which to the next one loop index grows by 1.
/// @param index Loop indices at place 0.
/// @param moving The loop whose index grows; NO_LOOP where none does.
/// @param isFirst Whether the row follows no other; indices then change from 0.
/// @param changes How indices changed since the row before, and `changedLoops` whose; the first `changeCount` of either.
struct Row {
    uint256[] index;
    uint256 moving;
    uint256 count;
    bool isFirst;
    uint256[] changedLoops;
    int256[] changes;
    uint256 changeCount;
}

/// @dev In place of the loop whose index grows along a row, where none does.
uint256 constant NO_LOOP = type(uint256).max;

/// @notice Chunks that a step has opened. At most 64, since each counts at least 256 bytes.
/// @param bytesOpened Chunks with all their siblings, whether or not the witness holds them.
struct OpenedChunks {
    uint256 bytesOpened;
    uint256 count;
    uint256[64] keys;
    uint256[64] positions;
}

/// @notice One step in execution.
struct StepContext {
    Witness witness;
    TraceState state;
    Nest nest;
    OpenedChunks chunks;
}

/// @dev Kinds of a descriptor.
uint256 constant KIND_MAP = 1;
uint256 constant KIND_FOLD = 2;
uint256 constant KIND_LOOKUP = 3;
uint256 constant KIND_MOVE = 4;
uint256 constant KIND_FINISH = 5;

/// @dev Reductions of a Fold.
uint256 constant REDUCE_SUM = 1;
uint256 constant REDUCE_MAX = 2;
uint256 constant REDUCE_MIN = 3;
uint256 constant REDUCE_ARGMAX = 4;
