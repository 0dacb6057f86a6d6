// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { WORD_BYTES } from "./Descriptors.sol";
import { OperandLanes } from "./OperandLanes.sol";
import { StepContext } from "./StepContext.sol";
import { Witness, readInt } from "./Witness.sol";

/// @title ScalarOps
/// @notice The scalar ops that follow a Map or a Fold. Every number must be a safe integer, or the step traps.
/// @dev Safe integers and shifts of at most 52 bits keep every intermediate result below 2^107.
library ScalarOps {
    uint256 private constant SCALAR_OP_BYTES = 3 * WORD_BYTES;
    uint256 private constant SUB_TENSOR = 2;
    uint256 private constant MUL_TENSOR = 3;
    uint256 private constant MIN_TENSOR = 4;
    uint256 private constant MAX_TENSOR = 5;
    uint256 private constant ADD = 6;
    uint256 private constant MUL = 7;
    uint256 private constant CLIP = 8;
    uint256 private constant SHIFT_LEFT = 9;
    uint256 private constant SHIFT_RIGHT_FLOOR = 10;
    uint256 private constant SHIFT_RIGHT_HALF_EVEN = 11;
    uint256 private constant FLOORDIV_TENSOR = 12;
    uint256 private constant EQUAL_TENSOR = 15;
    uint256 private constant FLOORDIV = 16;
    uint256 private constant EQUAL = 19;
    /// @dev What the codes from FLOORDIV_TENSOR on, and those from FLOORDIV on, do, in order; the last tells equals.
    uint256 private constant QUOTIENT = 0;
    uint256 private constant IS_LESS = 1;
    uint256 private constant IS_GREATER = 2;
    /// @dev The root of a safe integer has 27 bits at most.
    uint256 private constant ROOT_TOP_BIT = 1 << 26;

    /// @notice Applies a nest's scalar ops in order.
    /// @param place The place on the row of the lane that is computed.
    function applyAll(StepContext memory step, uint256 place, int256 start) internal pure returns (int256 acc) {
        acc = requireSafe(step.witness, start);
        uint256 position = step.nest.epilogueAt;
        unchecked {
            for (uint256 left = step.nest.epilogueCount; left != 0; --left) {
                acc = requireSafe(step.witness, _apply(step, position, place, acc));
                position += SCALAR_OP_BYTES;
            }
        }
    }

    /// @notice Requires an integer of at most 2^53 − 1 in magnitude; traps otherwise.
    function requireSafe(Witness memory witness, int256 value) internal pure returns (int256) {
        unchecked {
            // One comparison: what is too small wraps around to what is too great.
            if (uint256(value + int256(MAX_SAFE_LANE)) > 2 * MAX_SAFE_LANE) witness.trap();
        }
        return value;
    }

    function _apply(StepContext memory step, uint256 position, uint256 place, int256 acc)
        private
        pure
        returns (int256)
    {
        unchecked {
            uint256 code = uint256(readInt(position, WORD_BYTES));
            int256 argument = readInt(position + WORD_BYTES, WORD_BYTES);
            if (code <= MAX_TENSOR) {
                int256 lane = OperandLanes.laneAt(step, step.nest.operands[uint256(argument)], place, 0);
                if (code == MIN_TENSOR) return lane < acc ? lane : acc;
                if (code == MAX_TENSOR) return lane > acc ? lane : acc;
                if (code == MUL_TENSOR) return acc * lane;
                return code == SUB_TENSOR ? acc - lane : acc + lane;
            }
            if (code == ADD) return acc + argument;
            if (code == MUL) return acc * argument;
            if (code == CLIP) {
                int256 hi = readInt(position + 2 * WORD_BYTES, WORD_BYTES);
                return acc < argument ? argument : acc > hi ? hi : acc;
            }
            if (code == SHIFT_LEFT) return acc << uint256(argument);
            if (code <= SHIFT_RIGHT_HALF_EVEN) {
                int256 quotient = acc >> uint256(argument);
                return code == SHIFT_RIGHT_FLOOR ? quotient : _roundHalfEven(acc, quotient, uint256(argument));
            }
            if (code <= EQUAL_TENSOR) {
                argument = OperandLanes.laneAt(step, step.nest.operands[uint256(argument)], place, 0);
                return _relate(step.witness, code - FLOORDIV_TENSOR, acc, argument);
            }
            if (code <= EQUAL) return _relate(step.witness, code - FLOORDIV, acc, argument);
            return _root(step.witness, acc);
        }
    }

    /// @dev A quotient rounded towards minus infinity (traps unless the divisor is 1 or more), or 1 where a relation holds, else 0.
    function _relate(Witness memory witness, uint256 relation, int256 acc, int256 other) private pure returns (int256) {
        unchecked {
            if (relation == QUOTIENT) {
                if (other < 1) witness.trap();
                int256 quotient = acc / other;
                return quotient * other > acc ? quotient - 1 : quotient;
            }
            bool holds = relation == IS_LESS ? acc < other : relation == IS_GREATER ? acc > other : acc == other;
            return holds ? int256(1) : int256(0);
        }
    }

    /// @dev The greatest integer whose square is at most `acc`, bit by bit. Traps below 0. Costs about 2,000 gas.
    function _root(Witness memory witness, int256 acc) private pure returns (int256) {
        if (acc < 0) witness.trap();
        unchecked {
            uint256 root = 0;
            for (uint256 bit = ROOT_TOP_BIT; bit != 0; bit >>= 1) {
                uint256 next = root + bit;
                if (next * next <= uint256(acc)) root = next;
            }
            return int256(root);
        }
    }

    /// @dev The integer nearest to acc / 2^bits, the even one of two; `quotient` is the one at or below.
    function _roundHalfEven(int256 acc, int256 quotient, uint256 bits) private pure returns (int256) {
        unchecked {
            int256 half = int256(1) << (bits - 1);
            int256 rest = acc - (quotient << bits);
            return rest > half || (rest == half && quotient & 1 == 1) ? quotient + 1 : quotient;
        }
    }
}
