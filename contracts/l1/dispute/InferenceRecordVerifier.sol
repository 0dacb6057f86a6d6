// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { merkleRootOf } from "./Hashing.sol";
import { IAnchorStateRegistry } from "./IAnchorStateRegistry.sol";
import { IDisputeGame } from "./IDisputeGame.sol";
import { IInferenceRecordVerifier } from "./IInferenceRecordVerifier.sol";
import { InferenceRecord, recordLeaf } from "./InferenceRecord.sol";
import { LOG_DEPTH } from "./LogProofs.sol";
import { BlockReveal, OutputRoots } from "./OutputRoots.sol";

/// @title InferenceRecordVerifier
/// @notice See {IInferenceRecordVerifier}. A contract on L1 calls it before it acts on an inference:
///
///         VERIFIER.requireRecord(proposal, head, location, record);
///
///         It reverts until the proposal is final, so that nothing is ever done on an answer that may still fall.
contract InferenceRecordVerifier is IInferenceRecordVerifier {
    using OutputRoots for BlockReveal;

    /// @dev Opens the accumulator's leaf for one block.
    bytes32 private constant BLOCK_DOMAIN = keccak256("assay/block/v1");
    /// @dev Depth of the accumulator over a block's predecessors.
    uint256 private constant ACCUMULATOR_DEPTH = 32;

    /// @notice Says which proposals count.
    IAnchorStateRegistry public immutable anchorStateRegistry;

    constructor(IAnchorStateRegistry registry) {
        anchorStateRegistry = registry;
    }

    /// @inheritdoc IInferenceRecordVerifier
    function requireRecord(
        IDisputeGame proposal,
        BlockReveal calldata head,
        RecordLocation calldata location,
        InferenceRecord calldata record
    ) external view {
        // INVARIANT: nobody acts on an output that may still fall.
        require(anchorStateRegistry.isGameClaimValid(proposal), InferenceRecordVerifier_NotFinal(proposal));
        bytes32 root = head.rootOf();
        bytes32 claim = proposal.rootClaim();
        // INVARIANT: the head is the one that was final.
        require(root == claim, InferenceRecordVerifier_RootMismatch(claim, root));
        uint256 proposedBlock = proposal.l2SequenceNumber();
        head.requireConsistent(proposedBlock);
        bytes32 logRoot = _logRootOf(head, location, proposedBlock);
        uint256 index = location.recordIndex;
        // INVARIANT: the record is in that block's log.
        require(
            index >> LOG_DEPTH == 0 && location.recordSiblings.length == LOG_DEPTH
                && merkleRootOf(recordLeaf(record), index, location.recordSiblings) == logRoot,
            InferenceRecordVerifier_RecordNotProven(index)
        );
    }

    /// @dev Root of the log of the record's block: the head's own, or one that the head's accumulator holds.
    function _logRootOf(BlockReveal calldata head, RecordLocation calldata location, uint256 proposedBlock)
        private
        pure
        returns (bytes32)
    {
        uint256 number = location.blockNumber;
        if (number == proposedBlock) return head.logRoot;
        require(number < proposedBlock, InferenceRecordVerifier_BlockAfterProposal(number, proposedBlock));
        bytes32 leaf = keccak256(abi.encode(BLOCK_DOMAIN, location.blockHash, location.logRoot));
        // INVARIANT: the block is an ancestor of the head.
        require(
            location.blockSiblings.length == ACCUMULATOR_DEPTH && number >> ACCUMULATOR_DEPTH == 0
                && merkleRootOf(leaf, number, location.blockSiblings) == head.accumulatorRoot,
            InferenceRecordVerifier_BlockNotProven(number)
        );
        return location.logRoot;
    }
}
