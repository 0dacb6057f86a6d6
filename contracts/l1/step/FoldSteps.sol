// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { DotProducts } from "./DotProducts.sol";
import { Loops } from "./Loops.sol";
import { OperandLanes } from "./OperandLanes.sol";
import { OperandMaps } from "./OperandMaps.sol";
import { OutputLanes, WrittenLanes } from "./OutputLanes.sol";
import { ScalarOps } from "./ScalarOps.sol";
import { Nest, Operand, REDUCE_ARGMAX, REDUCE_MIN, REDUCE_SUM, Row, StepContext, TraceState } from "./StepContext.sol";

/// @notice The run of terms that a step folds, and what it has folded so far.
/// @param lane Lane that the terms belong to.
/// @param firstTerm Linear index of the first term over the fold loops.
/// @param isFirst Whether the run is the lane's first; `isLast` its last.
/// @param start What the lane's accumulator starts from.
struct Run {
    uint256 lane;
    uint256 firstTerm;
    uint256 count;
    bool isFirst;
    bool isLast;
    int256 start;
    int256 acc;
    uint256 accIndex;
}

/// @title FoldSteps
/// @notice One step of a Fold: a run of up to 128 terms of a lane. The last run of a lane writes it.
library FoldSteps {
    /// @dev What max and argmax start from, and min the negative of: no lane reaches it.
    int256 private constant NOTHING_SEEN = -int256(MAX_SAFE_LANE) - 1;

    /// @notice Folds the run of step `within`.
    function execute(StepContext memory step, uint256 within) internal pure returns (TraceState memory) {
        Nest memory nest = step.nest;
        Run memory run = _runAt(step, within);
        _fold(step, run);
        bool sawNothing = nest.reduction != REDUCE_SUM && run.acc == run.start;
        if (!sawNothing) ScalarOps.requireSafe(step.witness, run.acc);
        if (!run.isLast) {
            TraceState memory state = step.state;
            return TraceState(state.valuesRoot, state.partialRoot, run.acc, run.accIndex, state.t + 1);
        }
        if (sawNothing) step.witness.trap();
        return _writeLane(step, run);
    }

    function _runAt(StepContext memory step, uint256 within) private pure returns (Run memory run) {
        Nest memory nest = step.nest;
        uint256 inner = Loops.innerTerms(nest);
        uint256 runsPerRow = Loops.ceilDiv(inner, nest.run);
        uint256 runsPerLane = Loops.runsPerLane(nest);
        uint256 ordinal = within % runsPerLane;
        uint256 firstInRow = ordinal % runsPerRow * nest.run;
        run.lane = within / runsPerLane;
        run.firstTerm = ordinal / runsPerRow * inner + firstInRow;
        run.count = Loops.min(nest.run, inner - firstInRow);
        run.isLast = ordinal == runsPerLane - 1;
        if (nest.reduction != REDUCE_SUM) run.start = nest.reduction == REDUCE_MIN ? -NOTHING_SEEN : NOTHING_SEEN;
        run.isFirst = ordinal == 0;
        run.acc = run.isFirst ? run.start : step.state.acc;
        run.accIndex = run.isFirst ? 0 : step.state.accIndex;
    }

    /// @dev Folds the terms in range into the run. The others are skipped; those in range are neighbours.
    function _fold(StepContext memory step, Run memory run) private pure {
        Nest memory nest = step.nest;
        Row memory row = Loops.startRow(nest);
        Loops.setIndices(nest, row, 0, nest.outLoopCount, run.lane);
        Loops.setIndices(nest, row, nest.outLoopCount, nest.loops.length, run.firstTerm);
        row.count = run.count;
        if (nest.loops.length > nest.outLoopCount) row.moving = nest.loops.length - 1;
        Operand memory a = nest.operands[0];
        OperandMaps.placeOnRow(a, row);
        if (nest.product) {
            Operand memory b = nest.operands[1];
            OperandMaps.placeOnRow(b, row);
            if (b.rangeFirst > a.rangeFirst) a.rangeFirst = b.rangeFirst;
            a.rangeEnd = Loops.min(a.rangeEnd, b.rangeEnd);
            if (nest.reduction == REDUCE_SUM && a.stride == 1 && b.stride == 1) {
                run.acc += DotProducts.ofRows(step, a.rangeFirst, a.rangeEnd);
                return;
            }
        }
        for (uint256 place = a.rangeFirst; place < a.rangeEnd; ++place) {
            int256 term = OperandLanes.laneAt(step, a, place, 0);
            if (nest.product) term *= OperandLanes.laneAt(step, nest.operands[1], place, 0);
            _join(nest.reduction, run, term, place);
        }
    }

    /// @dev Joins a term to the accumulator. Of equal terms, argmax keeps the first. Nothing overflows: at most 2^63 + 128 · 2^106.
    function _join(uint256 reduction, Run memory run, int256 term, uint256 place) private pure {
        unchecked {
            if (reduction == REDUCE_SUM) {
                run.acc += term;
            } else if (reduction == REDUCE_MIN) {
                if (term < run.acc) run.acc = term;
            } else if (term > run.acc) {
                run.acc = term;
                if (reduction == REDUCE_ARGMAX) run.accIndex = run.firstTerm + place;
            }
        }
    }

    /// @dev Writes the lane of which all terms are folded.
    function _writeLane(StepContext memory step, Run memory run) private pure returns (TraceState memory) {
        Nest memory nest = step.nest;
        if (nest.epilogueCount != 0) {
            // What the scalar ops read does not depend on the term.
            Row memory row = Loops.startRow(nest);
            Loops.setIndices(nest, row, 0, nest.outLoopCount, run.lane);
            for (uint256 i = 0; i < nest.operands.length; ++i) {
                OperandMaps.placeOnRow(nest.operands[i], row);
            }
        }
        int256 folded = nest.reduction == REDUCE_ARGMAX ? int256(run.accIndex) : run.acc;
        WrittenLanes memory written = OutputLanes.start(step, run.lane);
        OutputLanes.append(step, written, ScalarOps.applyAll(step, 0, folded));
        return OutputLanes.commit(step, written);
    }
}
