// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { WORD_BYTES } from "./Descriptors.sol";
import { Operand } from "./StepContext.sol";
import { readInt } from "./Witness.sol";

/// @title OperandMaps
/// @notice Evaluates the affine forms of an operand along a row: places 0 … count − 1, from which to the next one loop index grows by 1.
///         An affine form is then a first value and a step, and a bound check holds on one interval of places.
/// @dev Nothing here can overflow: offsets and strides are below 2^53, loop indices below 2^26, and there are at most 12 loops.
library OperandMaps {
    /// @notice Places an operand on a row.
    /// @param index Loop indices at place 0.
    /// @param moving The loop whose index grows; none where it is not below the number of loops.
    function placeOnRow(Operand memory operand, uint256[] memory index, uint256 moving, uint256 count) internal pure {
        unchecked {
            uint256 position = operand.formsAt;
            uint256 formBytes = (1 + index.length) * WORD_BYTES;
            (operand.base, operand.stride) = _evaluate(position, index, moving);
            operand.rangeFirst = 0;
            operand.rangeEnd = count;
            for (uint256 left = operand.checkCount; left != 0; --left) {
                position += formBytes;
                int256 extent = readInt(position, WORD_BYTES);
                position += WORD_BYTES;
                (int256 start, int256 step) = _evaluate(position, index, moving);
                _narrow(operand, start, step, extent);
            }
        }
    }

    /// @dev Value of a form at place 0, and its growth to the next.
    function _evaluate(uint256 position, uint256[] memory index, uint256 moving)
        private
        pure
        returns (int256 start, int256 step)
    {
        unchecked {
            start = readInt(position, WORD_BYTES);
            for (uint256 loop = 0; loop < index.length; ++loop) {
                position += WORD_BYTES;
                int256 stride = readInt(position, WORD_BYTES);
                start += stride * int256(index[loop]);
                if (loop == moving) step = stride;
            }
        }
    }

    /// @dev Leaves only the places at which 0 <= start + place · step < extent.
    function _narrow(Operand memory operand, int256 start, int256 step, int256 extent) private pure {
        unchecked {
            if (step < 0) {
                // Seen from the other end of the axis, the coordinate rises.
                start = extent - 1 - start;
                step = -step;
            }
            uint256 first = operand.rangeFirst;
            uint256 end = operand.rangeEnd;
            if (step == 0) {
                if (start < 0 || start >= extent) end = first;
            } else {
                uint256 from = start < 0 ? uint256((step - 1 - start) / step) : 0;
                uint256 to = start < extent ? uint256((extent - 1 - start) / step) + 1 : 0;
                if (from > first) first = from;
                if (to < end) end = to;
            }
            operand.rangeFirst = first;
            operand.rangeEnd = end < first ? first : end;
        }
    }
}
