// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { OperandLanes } from "./OperandLanes.sol";
import { ScalarOps } from "./ScalarOps.sol";
import { Operand, StepContext } from "./StepContext.sol";
import { readInt } from "./Witness.sol";

/// @title DotProducts
/// @notice Sums of products of two operands that are both read lane by lane: what nearly every step of a neural network is.
library DotProducts {
    /// @notice Sum of the products of operands 0 and 1 at places [first, end) of their rows, stretch by stretch that both have in view.
    function ofRows(StepContext memory step, uint256 first, uint256 end) internal pure returns (int256 sum) {
        Operand memory a = step.nest.operands[0];
        Operand memory b = step.nest.operands[1];
        unchecked {
            while (first < end) {
                (uint256 positionA, uint256 count) = OperandLanes.viewRun(step, a, first);
                // A lane that traps does so before its partner is opened.
                if (a.laneBytes == 8) _requireSafe(step, positionA, 1);
                (uint256 positionB, uint256 countB) = OperandLanes.viewRun(step, b, first);
                if (countB < count) count = countB;
                if (end - first < count) count = end - first;
                if (a.laneBytes == 8) _requireSafe(step, positionA, count);
                if (b.laneBytes == 8) _requireSafe(step, positionB, count);
                sum += ofLanes(positionA, a.laneBytes, positionB, b.laneBytes, count);
                first += count;
            }
        }
    }

    /// @notice Sum of the products of `count` lanes at either position of the call data.
    /// @dev 75 gas a term, against 900 of a loop over {OperandLanes.laneAt}; contracts/test/StepVerifierParts.t.sol holds it to a plain loop.
    function ofLanes(uint256 positionA, uint256 bytesA, uint256 positionB, uint256 bytesB, uint256 count)
        internal
        pure
        returns (int256 sum)
    {
        assembly ("memory-safe") {
            let shiftA := sub(256, shl(3, bytesA))
            let shiftB := sub(256, shl(3, bytesB))
            for { let end := add(positionA, mul(count, bytesA)) } lt(positionA, end) { } {
                sum := add(sum, mul(sar(shiftA, calldataload(positionA)), sar(shiftB, calldataload(positionB))))
                positionA := add(positionA, bytesA)
                positionB := add(positionB, bytesB)
            }
        }
    }

    /// @dev Traps where one of `count` lanes of 8 bytes is no safe integer.
    function _requireSafe(StepContext memory step, uint256 position, uint256 count) private pure {
        unchecked {
            for (uint256 end = position + 8 * count; position < end; position += 8) {
                ScalarOps.requireSafe(step.witness, readInt(position, 8));
            }
        }
    }
}
