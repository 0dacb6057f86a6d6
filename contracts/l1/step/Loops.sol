// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { NO_LOOP, Nest, Row } from "./StepContext.sol";

/// @title Loops
/// @notice Counts the steps of a nest and finds its loop indices; see node/exact/program/steps.ts.
library Loops {
    /// @notice Steps that a nest takes in all.
    function stepCount(Nest memory nest) internal pure returns (uint256) {
        if (nest.run != 0) return nest.lanes * runsPerLane(nest);
        return ceilDiv(nest.lanes, nest.lanesPerStep);
    }

    /// @notice Runs that a lane of a Fold takes; a run never leaves the innermost fold loop.
    function runsPerLane(Nest memory nest) internal pure returns (uint256) {
        uint256 inner = innerTerms(nest);
        return nest.foldTerms / inner * ceilDiv(inner, nest.run);
    }

    /// @notice Extent of the innermost fold loop; 1 where there is none.
    function innerTerms(Nest memory nest) internal pure returns (uint256) {
        return nest.loops.length > nest.outLoopCount ? nest.loops[nest.loops.length - 1] : 1;
    }

    /// @notice Starts at indices 0.
    function startRow(Nest memory nest) internal pure returns (Row memory row) {
        uint256 loops = nest.loops.length;
        row.index = new uint256[](loops);
        row.changedLoops = new uint256[](loops);
        row.changes = new int256[](loops);
        row.isFirst = true;
        row.moving = NO_LOOP;
        row.count = 1;
    }

    /// @notice Sets the indices of loops [first, end) to the mixed-radix digits of a linear index over them, outermost first.
    function setIndices(Nest memory nest, Row memory row, uint256 first, uint256 end, uint256 linear) internal pure {
        unchecked {
            for (uint256 loop = end; loop > first;) {
                --loop;
                uint256 extent = nest.loops[loop];
                uint256 digit = linear % extent;
                linear /= extent;
                if (digit == row.index[loop]) continue;
                row.changedLoops[row.changeCount] = loop;
                row.changes[row.changeCount] = int256(digit) - int256(row.index[loop]);
                row.changeCount++;
                row.index[loop] = digit;
            }
        }
    }

    /// @notice a / b, rounded up.
    function ceilDiv(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a + b - 1) / b;
    }

    /// @notice The lesser of two numbers.
    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
