// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { PROFILE_V1 } from "../../shared/Constants.sol";
import { INPUTS_DOMAIN, TRACE_HALT_DOMAIN, TRACE_STATE_DOMAIN } from "../../shared/Domains.sol";
import { VALUE_TREE_DEPTH } from "../../shared/ProgramLimits.sol";
import { Descriptors } from "./Descriptors.sol";
import { Finishes } from "./Finishes.sol";
import { FoldSteps } from "./FoldSteps.sol";
import { IStepVerifier } from "./IStepVerifier.sol";
import { LaneSteps } from "./LaneSteps.sol";
import { Loops } from "./Loops.sol";
import { Manifest, Manifests } from "./Manifests.sol";
import { ProgramOpenings } from "./ProgramOpenings.sol";
import { StartValues } from "./StartValues.sol";
import { KIND_FOLD, OpenedOp, StepContext, TraceState } from "./StepContext.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { TRAP_STATE, Witness, Witnesses, readInt } from "./Witness.sol";

/// @title StepVerifier
/// @notice Judges one micro-step of an inference of profile 1. It holds nothing and owes nothing: every function is pure.
/// @dev node/prover/execute-step.ts is the same in TypeScript; node/prover/step-witness.ts says what a witness holds.
contract StepVerifier is IStepVerifier, StepVerifierErrors {
    uint256 private constant RUNNING = 1;
    uint256 private constant HALTED = 2;
    uint256 private constant TRAPPED = 3;

    /// @inheritdoc IStepVerifier
    function start(
        bytes calldata manifest,
        bytes32 inputRoot,
        bytes32[] calldata inputTensorRoots,
        bytes32[] calldata siblings
    ) external pure returns (bytes32 modelId, bytes32 programRoot, uint64 steps, bytes32 startState) {
        Manifest memory model = Manifests.decode(manifest);
        // INVARIANT: a verifier judges the models of its own profile only.
        require(model.profile == PROFILE_V1, StepVerifier_Profile(model.profile));
        uint256 count = inputTensorRoots.length;
        require(count == model.inputCount, StepVerifier_InputCount(count, model.inputCount));
        bytes32 opened = keccak256(abi.encodePacked(INPUTS_DOMAIN, uint32(count), inputTensorRoots));
        // INVARIANT: a trace starts from the record's own input.
        require(opened == inputRoot, StepVerifier_InputMismatch(opened, inputRoot));
        TraceState memory state;
        state.valuesRoot = StartValues.set(model.constantsRoot, inputTensorRoots, siblings);
        return (model.modelId, model.programRoot, uint64(model.steps), _hash(state));
    }

    /// @inheritdoc IStepVerifier
    function step(bytes32 programRoot, bytes32 preState, uint64 t, bytes calldata witness)
        external
        pure
        returns (bytes32)
    {
        StepContext memory context;
        context.witness = Witnesses.open(witness);
        uint256 kind = context.witness.takeUint(1);
        if (kind != RUNNING) return _absorb(context.witness, kind, preState);
        context.state = _openState(context.witness, preState, t);
        OpenedOp memory op = ProgramOpenings.openOp(context.witness, programRoot, t);
        return _execute(context, op);
    }

    /// @inheritdoc IStepVerifier
    function profile() external pure returns (uint32) {
        return uint32(PROFILE_V1);
    }

    /// @inheritdoc IStepVerifier
    function haltState(bytes32 outputRoot) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(TRACE_HALT_DOMAIN, outputRoot));
    }

    /// @dev The step after `halt` or `trap`: the same state.
    function _absorb(Witness memory witness, uint256 kind, bytes32 preState) private pure returns (bytes32 state) {
        require(kind == HALTED || kind == TRAPPED, StepVerifier_WitnessKind(kind));
        state = kind == HALTED ? haltState(witness.takeWord()) : TRAP_STATE;
        // INVARIANT: a step starts from the state that both players agree on.
        require(state == preState, StepVerifier_StateMismatch(state, preState));
        witness.finish();
    }

    function _openState(Witness memory witness, bytes32 preState, uint256 t)
        private
        pure
        returns (TraceState memory state)
    {
        state.valuesRoot = witness.takeWord();
        state.partialRoot = witness.takeWord();
        state.acc = readInt(witness.take(8), 8);
        state.accIndex = witness.takeUint(8);
        state.t = t;
        bytes32 opened = _hash(state);
        // INVARIANT: a step starts from the state that both players agree on.
        require(opened == preState, StepVerifier_StateMismatch(opened, preState));
    }

    /// @dev Executes the step of an opened op. Whatever is wrong with what is open traps.
    function _execute(StepContext memory context, OpenedOp memory op) private pure returns (bytes32 postState) {
        Witness memory witness = context.witness;
        if (op.profile != PROFILE_V1 || context.state.t >= op.steps) witness.trap();
        if (op.valueCount > 2 ** VALUE_TREE_DEPTH) witness.trap();
        if (op.leafIndex == op.leafCount - 1) {
            postState = haltState(_finish(context, op));
        } else {
            context.nest = Descriptors.decodeNest(witness, op);
            if (context.nest.output != op.firstOpValue + op.leafIndex) witness.trap();
            if (Loops.stepCount(context.nest) != op.stepCount) witness.trap();
            postState = _hash(
                context.nest.kind == KIND_FOLD
                    ? FoldSteps.execute(context, op.within)
                    : LaneSteps.execute(context, op.within)
            );
        }
        witness.finish();
    }

    function _finish(StepContext memory context, OpenedOp memory op) private pure returns (bytes32) {
        uint256[] memory outputs = Descriptors.decodeFinish(context.witness, op);
        if (op.stepCount != 1) context.witness.trap();
        for (uint256 i = 0; i < outputs.length; ++i) {
            if (outputs[i] >= op.valueCount) context.witness.trap();
        }
        return Finishes.outputRoot(context.witness, context.state.valuesRoot, outputs, op.valueCount);
    }

    function _hash(TraceState memory state) private pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                TRACE_STATE_DOMAIN,
                uint32(PROFILE_V1),
                state.valuesRoot,
                state.partialRoot,
                state.acc,
                uint64(state.accIndex),
                uint64(state.t)
            )
        );
    }
}
