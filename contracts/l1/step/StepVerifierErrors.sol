// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title StepVerifierErrors
/// @notice Why the step verifier refuses bytes that do not open what is committed. What is opened but breaks a rule is no error: it
///         traps.
interface StepVerifierErrors {
    /// @notice The manifest does not have the length that it declares.
    error StepVerifier_ManifestLength(uint256 length, uint256 expected);
    /// @notice The manifest breaks a rule of its format in the field at this byte.
    error StepVerifier_ManifestField(uint256 offset);
    /// @notice The model belongs to another profile, and so to another verifier.
    error StepVerifier_Profile(uint256 profile);
    /// @notice The model has another number of inputs.
    error StepVerifier_InputCount(uint256 given, uint256 expected);
    /// @notice These tensor roots are not what the inputRoot commits to.
    error StepVerifier_InputMismatch(bytes32 opened, bytes32 inputRoot);
    /// @notice More siblings than the inputs' leaves need.
    error StepVerifier_SiblingCount(uint256 given, uint256 most);
    /// @notice The siblings do not open the constants' root.
    error StepVerifier_ConstantsMismatch(bytes32 opened, bytes32 constantsRoot);

    /// @notice The witness is longer than any step needs.
    error StepVerifier_WitnessTooLong(uint256 length, uint256 most);
    /// @notice The witness ends before what the step reads next.
    error StepVerifier_WitnessTruncated(uint256 missing);
    /// @notice Bytes follow the end of what the step reads.
    error StepVerifier_WitnessTrailing(uint256 extra);
    /// @notice There is no such kind of state, or of value.
    error StepVerifier_WitnessKind(uint256 kind);
    /// @notice The witness opens another state than the one before the step.
    error StepVerifier_StateMismatch(bytes32 opened, bytes32 preState);
    /// @notice The Program has fewer leaves.
    error StepVerifier_LeafIndex(uint256 index, uint256 leafCount);
    /// @notice The witness opens another Program.
    error StepVerifier_ProgramMismatch(bytes32 opened, bytes32 programRoot);
    /// @notice The step belongs to another op than the one that the witness opens.
    error StepVerifier_StepNotInOp(uint256 t, uint256 firstStep, uint256 stepCount);
    /// @notice The top of the value tree is not what the state commits to.
    error StepVerifier_ValuesMismatch(bytes32 opened, bytes32 valuesRoot);
    /// @notice A value's tensor is not what the state commits to.
    error StepVerifier_ValueMismatch(uint256 value);
    /// @notice A chunk is not the one that its tensor commits to.
    error StepVerifier_ChunkMismatch(uint256 value, uint256 chunk);
    /// @notice The lanes written before are not what the state commits to.
    error StepVerifier_PartialMismatch(uint256 chunk);
    /// @notice The place of the finished value in the value tree is not what the state commits to.
    error StepVerifier_OutputMismatch(uint256 value);
}
