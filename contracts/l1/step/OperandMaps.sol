// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { WORD_BYTES } from "./Descriptors.sol";
import { NO_LOOP, Operand, Row } from "./StepContext.sol";
import { readInt } from "./Witness.sol";

/// @title OperandMaps
/// @notice Evaluates the affine forms of an operand along a row. A form is then a first value and a step, and a bound check holds on one
///         interval of places. From row to row few indices change, and only those are looked at.
/// @dev Nothing here can overflow: offsets and strides are below 2^53, loop indices below 2^26, and there are at most 12 loops.
library OperandMaps {
    /// @notice Places an operand on a row, having placed it on the row before.
    function placeOnRow(Operand memory operand, Row memory row) internal pure {
        unchecked {
            uint256 position = operand.formsAt;
            uint256 formBytes = (1 + row.index.length) * WORD_BYTES;
            operand.base = _startOf(operand, row, position, 0);
            operand.stride = _stepOf(row, position);
            operand.rangeFirst = 0;
            operand.rangeEnd = row.count;
            for (uint256 form = 1; form <= operand.checkCount; ++form) {
                position += formBytes;
                int256 extent = readInt(position, WORD_BYTES);
                position += WORD_BYTES;
                _narrow(operand, _startOf(operand, row, position, form), _stepOf(row, position), extent);
            }
        }
    }

    /// @dev Value of a form at place 0. 90 gas a change, against 210 of the plain loop that contracts/test/StepVerifierParts.t.sol holds
    ///      it to.
    function _startOf(Operand memory operand, Row memory row, uint256 position, uint256 form)
        private
        pure
        returns (int256 start)
    {
        int256[] memory starts = operand.starts;
        uint256[] memory loops = row.changedLoops;
        int256[] memory changes = row.changes;
        uint256 count = row.changeCount;
        bool isFirst = row.isFirst;
        assembly ("memory-safe") {
            let slot := add(add(starts, 0x20), shl(5, form))
            switch isFirst
            case 0 { start := mload(slot) }
            default { start := sar(192, calldataload(position)) }
            position := add(position, WORD_BYTES)
            for { let i := shl(5, count) } i { i := sub(i, 0x20) } {
                let stride := sar(192, calldataload(add(position, shl(3, mload(add(loops, i))))))
                start := add(start, mul(stride, mload(add(changes, i))))
            }
            mstore(slot, start)
        }
    }

    /// @dev Growth of a form from each place to the next.
    function _stepOf(Row memory row, uint256 position) private pure returns (int256) {
        unchecked {
            return row.moving == NO_LOOP ? int256(0) : readInt(position + (1 + row.moving) * WORD_BYTES, WORD_BYTES);
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
