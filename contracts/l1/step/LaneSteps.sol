// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Loops } from "./Loops.sol";
import { OperandLanes } from "./OperandLanes.sol";
import { OperandMaps } from "./OperandMaps.sol";
import { OutputLanes, WrittenLanes } from "./OutputLanes.sol";
import { ScalarOps } from "./ScalarOps.sol";
import { KIND_LOOKUP, KIND_MAP, Nest, Operand, Row, StepContext, TraceState } from "./StepContext.sol";

/// @title LaneSteps
/// @notice One step of a Map, Lookup or Move: up to 64 neighbouring lanes within a chunk.
library LaneSteps {
    /// @notice Writes the lanes of step `within`.
    function execute(StepContext memory step, uint256 within) internal pure returns (TraceState memory) {
        Nest memory nest = step.nest;
        uint256 lane = within * nest.lanesPerStep;
        uint256 end = Loops.min(lane + nest.lanesPerStep, nest.lanes);
        WrittenLanes memory written = OutputLanes.start(step, lane);
        Row memory row = Loops.startRow(nest);
        while (lane < end) {
            _placeRow(nest, row, lane, end - lane);
            for (uint256 place = 0; place < row.count; ++place) {
                OutputLanes.append(step, written, _evaluate(step, place));
            }
            lane += row.count;
            row.isFirst = false;
        }
        return OutputLanes.commit(step, written);
    }

    /// @dev Places all operands on the row from a lane on, of at most `most` lanes.
    function _placeRow(Nest memory nest, Row memory row, uint256 lane, uint256 most) private pure {
        uint256 loops = nest.loops.length;
        row.changeCount = 0;
        Loops.setIndices(nest, row, 0, loops, lane);
        if (loops != 0) {
            row.moving = loops - 1;
            row.count = Loops.min(nest.loops[loops - 1] - row.index[loops - 1], most);
        }
        for (uint256 i = 0; i < nest.operands.length; ++i) {
            OperandMaps.placeOnRow(nest.operands[i], row);
        }
    }

    /// @dev The lane at a place of the row.
    function _evaluate(StepContext memory step, uint256 place) private pure returns (int256) {
        Nest memory nest = step.nest;
        Operand[] memory operands = nest.operands;
        if (nest.kind == KIND_MAP) {
            return ScalarOps.applyAll(step, place, OperandLanes.laneAt(step, operands[0], place, 0));
        }
        if (nest.kind == KIND_LOOKUP) {
            int256 entry = OperandLanes.laneAt(step, operands[0], place, 0);
            if (entry < 0 || entry >= nest.axisExtent) step.witness.trap();
            return OperandLanes.laneAt(step, operands[1], place, nest.axisStride * entry);
        }
        for (uint256 i = 0; i < operands.length; ++i) {
            if (place >= operands[i].rangeFirst && place < operands[i].rangeEnd) {
                return OperandLanes.laneAt(step, operands[i], place, 0);
            }
        }
        return nest.padValue;
    }
}
