// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputeGame } from "./IDisputeGame.sol";
import { InferenceRecord } from "./InferenceRecord.sol";
import { BlockReveal } from "./OutputRoots.sol";

/// @title IInferenceRecordVerifier
/// @notice Tells a contract on L1 that the chain ran a model on an input and got an output: a past record, proven from the output
///         root of a final proposal.
interface IInferenceRecordVerifier {
    /// @notice Where a record is.
    /// @param blockNumber L2 block of the record, at most the proposal's.
    /// @param blockHash Its hash; of no meaning for the proposal's own block.
    /// @param logRoot Root of its log; of no meaning for the proposal's own block.
    /// @param blockSiblings Siblings of its leaf in the accumulator, 32 from the leaf upwards; none for the proposal's own block.
    /// @param recordIndex Place of the record in the block's log.
    /// @param recordSiblings Siblings of its leaf in the block's log, 16 from the leaf upwards.
    struct RecordLocation {
        uint256 blockNumber;
        bytes32 blockHash;
        bytes32 logRoot;
        bytes32[] blockSiblings;
        uint256 recordIndex;
        bytes32[] recordSiblings;
    }

    /// @notice The proposal is not final, did not stand, or does not count.
    error InferenceRecordVerifier_NotFinal(IDisputeGame proposal);
    /// @notice The head is not what the proposal claims.
    error InferenceRecordVerifier_RootMismatch(bytes32 expected, bytes32 got);
    /// @notice The block is after the proposal's.
    error InferenceRecordVerifier_BlockAfterProposal(uint256 blockNumber, uint256 proposedBlock);
    /// @notice The siblings do not lead from the block's leaf to the accumulator's root.
    error InferenceRecordVerifier_BlockNotProven(uint256 blockNumber);
    /// @notice The siblings do not lead from the record's leaf to the log's root.
    error InferenceRecordVerifier_RecordNotProven(uint256 recordIndex);

    /// @notice Reverts unless the record is in the log of that block, by a final proposal.
    /// @param proposal A proposal of the factory.
    /// @param head Preimages of its output root: its block's header and log commitment.
    function requireRecord(
        IDisputeGame proposal,
        BlockReveal calldata head,
        RecordLocation calldata location,
        InferenceRecord calldata record
    ) external view;
}
