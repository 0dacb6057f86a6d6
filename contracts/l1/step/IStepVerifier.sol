// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IStepVerifier
/// @notice Judges one micro-step of an inference's trace. One immutable verifier serves one profile of models.
/// @dev Nothing here is trusted that is not opened under a commitment: the modelId (a hash of the manifest), the programRoot in it,
///      the inputRoot, and the state before the step.
interface IStepVerifier {
    /// @notice The profile of models that this verifier judges.
    function profile() external view returns (uint32);

    /// @notice Where the trace of an inference starts, computed from what the record commits to.
    /// @param manifest Preimage of the modelId.
    /// @param inputRoot The record's inputRoot.
    /// @param inputTensorRoots Tensor roots of the inputs, in order: the rest of inputRoot's preimage.
    /// @param siblings The siblings that set the inputs' leaves into the constants' tree, from the leaves upwards: where the leaves
    ///        set so far end at an odd place of a level, the node to their right. Siblings left out at the end are empty subtrees.
    /// @return modelId keccak256 of the manifest.
    /// @return programRoot The model's Program, which {step} takes.
    /// @return steps Steps T of the trace: states are numbered 0 … T.
    /// @return startState State 0.
    function start(
        bytes calldata manifest,
        bytes32 inputRoot,
        bytes32[] calldata inputTensorRoots,
        bytes32[] calldata siblings
    ) external view returns (bytes32 modelId, bytes32 programRoot, uint64 steps, bytes32 startState);

    /// @notice The last state of a trace that ends with these outputs.
    function haltState(bytes32 outputRoot) external pure returns (bytes32);

    /// @notice Executes step `t` on the state before it.
    /// @dev Total: whatever a Program commits to, its step has a state after it, `trap` where it breaks a rule. Reverts only for a
    ///      witness that does not open what is committed.
    /// @param programRoot From {start}.
    /// @param preState State `t`.
    /// @param witness All that the step reads, with proofs, in the order in which it is read.
    /// @return postState State `t + 1`.
    function step(bytes32 programRoot, bytes32 preState, uint64 t, bytes calldata witness)
        external
        view
        returns (bytes32 postState);
}
