// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { OperandLanes } from "./OperandLanes.sol";
import { OperandMaps } from "./OperandMaps.sol";
import { OutputLanes, WrittenLanes } from "./OutputLanes.sol";
import { ScalarOps } from "./ScalarOps.sol";
import {
    KIND_LOOKUP,
    KIND_MAP,
    Nest,
    Operand,
    REDUCE_ARGMAX,
    REDUCE_MIN,
    REDUCE_SUM,
    StepContext,
    TraceState
} from "./StepContext.sol";

/// @notice The run of terms that a step folds.
/// @param lane Lane that the terms belong to.
/// @param firstTerm Linear index of the first term over the fold loops.
/// @param isFirst Whether the run is the lane's first; `isLast` its last.
struct Run {
    uint256 lane;
    uint256 firstTerm;
    uint256 count;
    bool isFirst;
    bool isLast;
}

/// @title NestSteps
/// @notice One step of a nest: a run of terms of a Fold, or up to 64 lanes of a Map, Lookup or Move.
library NestSteps {
    /// @dev What max and argmax start from, and min the negative of: no lane reaches it.
    int256 private constant NOTHING_SEEN = -int256(MAX_SAFE_LANE) - 1;
    uint256 private constant NO_LOOP = type(uint256).max;

    /// @notice Steps that a nest takes in all.
    function stepCount(Nest memory nest) internal pure returns (uint256) {
        if (nest.run != 0) return nest.lanes * _runsPerLane(nest);
        return _ceilDiv(nest.lanes, nest.lanesPerStep);
    }

    /// @notice Writes the lanes of step `within` of a Map, Lookup or Move.
    function executeLanes(StepContext memory step, uint256 within) internal pure returns (TraceState memory) {
        Nest memory nest = step.nest;
        uint256 lane = within * nest.lanesPerStep;
        uint256 end = _min(lane + nest.lanesPerStep, nest.lanes);
        WrittenLanes memory written = OutputLanes.start(step, lane);
        uint256[] memory index = new uint256[](nest.loops.length);
        while (lane < end) {
            _setIndices(nest.loops, index, 0, nest.outLoopCount, lane);
            uint256 count = _placeRow(nest, index, end - lane);
            for (uint256 place = 0; place < count; ++place) {
                OutputLanes.append(step, written, _evaluate(step, place));
            }
            lane += count;
        }
        return OutputLanes.commit(step, written);
    }

    /// @notice Folds the run of step `within` of a Fold, and writes its lane if the run is the lane's last.
    function executeRun(StepContext memory step, uint256 within) internal pure returns (TraceState memory next) {
        Nest memory nest = step.nest;
        Run memory run = _runAt(nest, within);
        uint256[] memory index = new uint256[](nest.loops.length);
        _setIndices(nest.loops, index, 0, nest.outLoopCount, run.lane);
        _setIndices(nest.loops, index, nest.outLoopCount, nest.loops.length, run.firstTerm);
        int256 start = _startOf(nest.reduction);
        (int256 acc, uint256 accIndex) = run.isFirst ? (start, 0) : (step.state.acc, step.state.accIndex);
        (acc, accIndex) = _fold(step, run, index, acc, accIndex);
        bool sawNothing = nest.reduction != REDUCE_SUM && acc == start;
        if (!sawNothing) ScalarOps.requireSafe(step.witness, acc);
        if (!run.isLast) {
            return TraceState(step.state.valuesRoot, step.state.partialRoot, acc, accIndex, step.state.t + 1);
        }
        if (sawNothing) step.witness.trap();
        _setIndices(nest.loops, index, nest.outLoopCount, nest.loops.length, 0);
        for (uint256 i = 0; i < nest.operands.length; ++i) {
            OperandMaps.placeOnRow(nest.operands[i], index, NO_LOOP, 1);
        }
        int256 lane = ScalarOps.applyAll(step, 0, nest.reduction == REDUCE_ARGMAX ? int256(accIndex) : acc);
        WrittenLanes memory written = OutputLanes.start(step, run.lane);
        OutputLanes.append(step, written, lane);
        return OutputLanes.commit(step, written);
    }

    /// @dev Places all operands on the row of lanes from `index` on. @return count Lanes of the row, at most `most`.
    function _placeRow(Nest memory nest, uint256[] memory index, uint256 most) private pure returns (uint256 count) {
        uint256 moving = NO_LOOP;
        count = 1;
        if (index.length != 0) {
            moving = index.length - 1;
            count = _min(nest.loops[moving] - index[moving], most);
        }
        for (uint256 i = 0; i < nest.operands.length; ++i) {
            OperandMaps.placeOnRow(nest.operands[i], index, moving, count);
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
            int256 position = OperandLanes.laneAt(step, operands[0], place, 0);
            if (position < 0 || position >= nest.axisExtent) step.witness.trap();
            return OperandLanes.laneAt(step, operands[1], place, nest.axisStride * position);
        }
        for (uint256 i = 0; i < operands.length; ++i) {
            if (place >= operands[i].rangeFirst && place < operands[i].rangeEnd) {
                return OperandLanes.laneAt(step, operands[i], place, 0);
            }
        }
        return nest.padValue;
    }

    function _runAt(Nest memory nest, uint256 within) private pure returns (Run memory run) {
        uint256 inner = _innerTerms(nest);
        uint256 runsPerRow = _ceilDiv(inner, nest.run);
        uint256 runsPerLane = _runsPerLane(nest);
        uint256 ordinal = within % runsPerLane;
        uint256 start = ordinal % runsPerRow * nest.run;
        run.lane = within / runsPerLane;
        run.firstTerm = ordinal / runsPerRow * inner + start;
        run.count = _min(nest.run, inner - start);
        run.isFirst = ordinal == 0;
        run.isLast = ordinal == runsPerLane - 1;
    }

    /// @dev Folds a run of terms into an accumulator. Terms with an operand out of range are skipped: the others are neighbours.
    function _fold(StepContext memory step, Run memory run, uint256[] memory index, int256 acc, uint256 accIndex)
        private
        pure
        returns (int256, uint256)
    {
        Nest memory nest = step.nest;
        uint256 moving = index.length > nest.outLoopCount ? index.length - 1 : NO_LOOP;
        Operand memory a = nest.operands[0];
        OperandMaps.placeOnRow(a, index, moving, run.count);
        uint256 first = a.rangeFirst;
        uint256 end = a.rangeEnd;
        if (nest.product) {
            OperandMaps.placeOnRow(nest.operands[1], index, moving, run.count);
            if (nest.operands[1].rangeFirst > first) first = nest.operands[1].rangeFirst;
            if (nest.operands[1].rangeEnd < end) end = nest.operands[1].rangeEnd;
        }
        // Below 2^63 + 128 · 2^106: nothing can overflow.
        unchecked {
            for (uint256 place = first; place < end; ++place) {
                int256 term = OperandLanes.laneAt(step, a, place, 0);
                if (nest.product) term *= OperandLanes.laneAt(step, nest.operands[1], place, 0);
                if (nest.reduction == REDUCE_SUM) {
                    acc += term;
                } else if (nest.reduction == REDUCE_MIN) {
                    if (term < acc) acc = term;
                } else if (term > acc) {
                    acc = term;
                    if (nest.reduction == REDUCE_ARGMAX) accIndex = run.firstTerm + place;
                }
            }
        }
        return (acc, accIndex);
    }

    function _startOf(uint256 reduction) private pure returns (int256) {
        if (reduction == REDUCE_SUM) return 0;
        return reduction == REDUCE_MIN ? -NOTHING_SEEN : NOTHING_SEEN;
    }

    /// @dev Sets indices [first, end) to the mixed-radix digits of a linear index over those loops, outermost first.
    function _setIndices(uint256[] memory loops, uint256[] memory index, uint256 first, uint256 end, uint256 linear)
        private
        pure
    {
        unchecked {
            for (uint256 loop = end; loop > first; --loop) {
                uint256 extent = loops[loop - 1];
                index[loop - 1] = linear % extent;
                linear /= extent;
            }
        }
    }

    /// @dev Runs that a lane takes; a run never leaves the innermost fold loop.
    function _runsPerLane(Nest memory nest) private pure returns (uint256) {
        uint256 inner = _innerTerms(nest);
        return nest.foldTerms / inner * _ceilDiv(inner, nest.run);
    }

    function _innerTerms(Nest memory nest) private pure returns (uint256) {
        return nest.loops.length > nest.outLoopCount ? nest.loops[nest.loops.length - 1] : 1;
    }

    function _ceilDiv(uint256 a, uint256 b) private pure returns (uint256) {
        return (a + b - 1) / b;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
