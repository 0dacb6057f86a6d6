// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import {
    CHUNK_BYTES,
    MAX_CHECKS,
    MAX_EPILOGUE_OPS,
    MAX_FAN_IN,
    MAX_LANES,
    MAX_LOOPS,
    MAX_MOVE_OPERANDS,
    MAX_NEST_OPERANDS,
    MAX_OUTPUTS,
    MAX_RUN,
    MAX_STEP_LANES,
    VALUE_TREE_DEPTH
} from "../../shared/ProgramLimits.sol";
import {
    KIND_FINISH,
    KIND_FOLD,
    KIND_LOOKUP,
    KIND_MAP,
    KIND_MOVE,
    Nest,
    OpenedOp,
    Operand,
    REDUCE_ARGMAX,
    REDUCE_SUM
} from "./StepContext.sol";
import { Witness, readInt } from "./Witness.sol";

/// @dev Bytes of a word of a descriptor.
uint256 constant WORD_BYTES = 8;

/// @notice The words of a descriptor that are still to be read.
/// @param witness Trapped when a word breaks its rule.
struct Words {
    Witness witness;
    uint256 position;
    uint256 end;
}

/// @title Descriptors
/// @notice Decodes the descriptors of ops and of Finish, as node/exact/program/program-codec.ts does: what it refuses traps here.
library Descriptors {
    uint256 private constant MAX_VALUE = 2 ** VALUE_TREE_DEPTH - 1;
    uint256 private constant MAX_SHIFT_BITS = 52;
    /// @dev Codes of scalar ops: those below SCALAR_ADD have an operand, those from SCALAR_SHIFTS on shift, those from
    ///      SCALAR_RELATIONS on have an operand, those from SCALAR_CONSTANT_RELATIONS on a constant, the last nothing.
    uint256 private constant SCALAR_ADD = 6;
    uint256 private constant SCALAR_CLIP = 8;
    uint256 private constant SCALAR_SHIFTS = 9;
    uint256 private constant SCALAR_RELATIONS = 12;
    uint256 private constant SCALAR_CONSTANT_RELATIONS = 16;
    uint256 private constant SCALAR_LAST = 20;

    /// @notice Decodes an op's descriptor. Strict: one sequence of words for each op.
    function decodeNest(Witness memory witness, OpenedOp memory op) internal pure returns (Nest memory nest) {
        Words memory words = _open(witness, op);
        uint256 operandCount = _readHead(words, nest);
        _readLoops(words, nest);
        nest.operands = new Operand[](operandCount);
        for (uint256 i = 0; i < operandCount; ++i) {
            _readOperand(words, nest, nest.operands[i]);
        }
        nest.epilogueAt = words.position;
        for (uint256 i = 0; i < nest.epilogueCount; ++i) {
            _readScalarOp(words, operandCount);
        }
        if (words.position != words.end) witness.trap();
    }

    /// @notice Decodes Finish. @return outputs Value ids.
    function decodeFinish(Witness memory witness, OpenedOp memory op) internal pure returns (uint256[] memory outputs) {
        Words memory words = _open(witness, op);
        _next(words, KIND_FINISH, KIND_FINISH);
        outputs = new uint256[](_next(words, 1, MAX_OUTPUTS));
        for (uint256 i = 0; i < outputs.length; ++i) {
            outputs[i] = _next(words, 0, MAX_VALUE);
        }
        if (words.position != words.end) witness.trap();
    }

    function _open(Witness memory witness, OpenedOp memory op) private pure returns (Words memory) {
        if (op.size % WORD_BYTES != 0) witness.trap();
        return Words(witness, op.position, op.position + op.size);
    }

    function _readHead(Words memory words, Nest memory nest) private pure returns (uint256 operandCount) {
        uint256 kind = _next(words, KIND_MAP, KIND_MOVE);
        bool isFold = kind == KIND_FOLD;
        nest.kind = kind;
        nest.output = _next(words, 1, MAX_VALUE);
        nest.laneBytes = _next(words, 1, 8);
        if (!_isPowerOfTwo(nest.laneBytes)) words.witness.trap();
        nest.lanes = _next(words, 1, MAX_LANES);
        nest.lanesPerStep = _used(words, !isFold, 1, _min(MAX_STEP_LANES, CHUNK_BYTES / nest.laneBytes));
        if (!isFold && !_isPowerOfTwo(nest.lanesPerStep)) words.witness.trap();
        nest.run = _used(words, isFold, 1, MAX_RUN);
        nest.reduction = _used(words, isFold, REDUCE_SUM, REDUCE_ARGMAX);
        nest.product = _used(words, isFold, 0, 1) == 1;
        nest.padValue = kind == KIND_MOVE ? _nextLane(words) : int256(_next(words, 0, 0));
        nest.axisStride = int256(_used(words, kind == KIND_LOOKUP, 0, MAX_LANES));
        nest.axisExtent = int256(_used(words, kind == KIND_LOOKUP, 1, MAX_LANES));
        nest.outLoopCount = _next(words, 0, MAX_LOOPS);
        nest.loops = new uint256[](nest.outLoopCount + _used(words, isFold, 0, MAX_LOOPS - nest.outLoopCount));
        if (kind == KIND_MOVE) operandCount = _next(words, 1, MAX_MOVE_OPERANDS);
        else if (kind == KIND_LOOKUP) operandCount = _next(words, 2, 2);
        else operandCount = _next(words, nest.product ? 2 : 1, MAX_NEST_OPERANDS);
        nest.epilogueCount = _used(words, isFold || kind == KIND_MAP, 0, MAX_EPILOGUE_OPS);
    }

    function _readLoops(Words memory words, Nest memory nest) private pure {
        uint256 lanes = 1;
        uint256 terms = 1;
        for (uint256 i = 0; i < nest.loops.length; ++i) {
            uint256 extent = _next(words, 2, MAX_LANES);
            nest.loops[i] = extent;
            if (i < nest.outLoopCount) lanes *= extent;
            else terms *= extent;
            // Products stay small enough to multiply on.
            if (lanes > MAX_LANES || terms > MAX_FAN_IN) words.witness.trap();
        }
        if (lanes != nest.lanes) words.witness.trap();
        nest.foldTerms = terms;
    }

    function _readOperand(Words memory words, Nest memory nest, Operand memory operand) private pure {
        operand.value = _next(words, 0, nest.output - 1);
        operand.checkCount = _next(words, 0, MAX_CHECKS);
        operand.formsAt = words.position;
        operand.starts = new int256[](1 + operand.checkCount);
        _passLanes(words, 1 + nest.loops.length);
        for (uint256 i = 0; i < operand.checkCount; ++i) {
            _next(words, 1, MAX_LANES);
            _passLanes(words, 1 + nest.loops.length);
        }
    }

    function _readScalarOp(Words memory words, uint256 operandCount) private pure {
        uint256 code = _next(words, 1, SCALAR_LAST);
        if (code == SCALAR_CLIP) {
            int256 lo = _nextLane(words);
            if (_nextLane(words) < lo) words.witness.trap();
            return;
        }
        if (code == SCALAR_LAST) {
            _next(words, 0, 0);
        } else if (code < SCALAR_ADD || (code >= SCALAR_RELATIONS && code < SCALAR_CONSTANT_RELATIONS)) {
            _next(words, 0, operandCount - 1);
        } else if (code < SCALAR_SHIFTS || code >= SCALAR_RELATIONS) {
            _nextLane(words);
        } else {
            _next(words, 1, MAX_SHIFT_BITS);
        }
        _next(words, 0, 0);
    }

    /// @dev A word that is 0 where the op's kind has no use for it.
    function _used(Words memory words, bool isUsed, uint256 lo, uint256 hi) private pure returns (uint256) {
        return isUsed ? _next(words, lo, hi) : _next(words, 0, 0);
    }

    /// @dev The next word, which must lie in [lo, hi]. A negative word is greater than any `hi`.
    function _next(Words memory words, uint256 lo, uint256 hi) private pure returns (uint256 word) {
        word = uint256(_nextWord(words));
        if (word < lo || word > hi) words.witness.trap();
    }

    /// @dev The next word, which must be a safe integer.
    function _nextLane(Words memory words) private pure returns (int256 word) {
        word = _nextWord(words);
        if (!_isSafe(word)) words.witness.trap();
    }

    /// @dev Passes over words that must be safe integers.
    function _passLanes(Words memory words, uint256 count) private pure {
        unchecked {
            uint256 position = words.position;
            uint256 end = position + count * WORD_BYTES;
            if (end > words.end) words.witness.trap();
            for (; position < end; position += WORD_BYTES) {
                if (!_isSafe(readInt(position, WORD_BYTES))) words.witness.trap();
            }
            words.position = end;
        }
    }

    function _nextWord(Words memory words) private pure returns (int256 word) {
        unchecked {
            uint256 position = words.position;
            if (position == words.end) words.witness.trap();
            words.position = position + WORD_BYTES;
            word = readInt(position, WORD_BYTES);
        }
    }

    /// @dev Whether |word| < 2^53, for a word of 64 bits: one comparison.
    function _isSafe(int256 word) private pure returns (bool) {
        unchecked {
            return uint256(word + int256(MAX_SAFE_LANE)) <= 2 * MAX_SAFE_LANE;
        }
    }

    function _isPowerOfTwo(uint256 value) private pure returns (bool) {
        return value & (value - 1) == 0;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
