// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputeGame } from "../../l1/dispute/IDisputeGame.sol";
import { IInferenceRecordVerifier } from "../../l1/dispute/IInferenceRecordVerifier.sol";
import { InferenceRecord } from "../../l1/dispute/InferenceRecord.sol";
import { InferenceRecordVerifier } from "../../l1/dispute/InferenceRecordVerifier.sol";
import { BlockReveal, OutputRoots } from "../../l1/dispute/OutputRoots.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { DisputeTest } from "./support/DisputeTest.sol";
import { HeaderWriter } from "./support/HeaderWriter.sol";
import { Trees } from "./support/Trees.sol";

/// @notice A past record, proven from a final output root; and every link of the proof broken once.
contract InferenceRecordVerifierTest is DisputeTest {
    uint256 internal constant HEAD = 160;
    uint256 internal constant PAST = 137;
    uint256 internal constant INDEX = 2;

    InferenceRecordVerifier internal recordVerifier;
    Proposal internal proposal;
    BlockReveal internal head;
    InferenceRecord internal record;
    IInferenceRecordVerifier.RecordLocation internal location;

    function setUp() public override {
        super.setUp();
        recordVerifier = new InferenceRecordVerifier(registry);
        record = claims.recordsOf(world, truth, PAST)[INDEX];
        bytes32[] memory blocks = new bytes32[](HEAD);
        for (uint256 number = PAST - 3; number < HEAD; number++) {
            blocks[number] = leafOf(number);
        }
        BlockReveal memory past = claims.revealOf(world, truth, PAST);
        location.blockNumber = PAST;
        location.blockHash = keccak256(past.header);
        location.logRoot = past.logRoot;
        location.blockSiblings = Trees.proof(blocks, PAST, 32);
        location.recordIndex = INDEX;
        location.recordSiblings = claims.siblingsOf(world, truth, PAST, INDEX);

        BlockReveal memory reveal = claims.revealOf(world, truth, HEAD);
        reveal.accumulatorRoot = Trees.root(blocks, 32);
        bytes32 commitment =
            keccak256(abi.encode(1, reveal.logRoot, reveal.logCount, reveal.accumulatorRoot, bytes32(0)));
        reveal.header = HeaderWriter.header(HEAD, reveal.stateRoot, commitment);
        head = reveal;
        bytes32 root = keccak256(
            abi.encode(bytes32(0), reveal.stateRoot, reveal.messagePasserStorageRoot, keccak256(reveal.header))
        );
        proposal = propose(PROPOSER, root, HEAD, 0);
        pass(WINDOW);
        proposal.resolve();
        pass(AIR_GAP + 1);
    }

    /// @dev The accumulator's leaf of a block: node/protocol/inference-log.ts, blockLeaf.
    function leafOf(uint256 number) internal view returns (bytes32) {
        BlockReveal memory reveal = claims.revealOf(world, truth, number);
        return keccak256(abi.encode(keccak256("assay/block/v1"), keccak256(reveal.header), reveal.logRoot));
    }

    function check() internal returns (bool success, bytes4 reason) {
        bytes memory got;
        (success, got) = address(recordVerifier)
            .call(abi.encodeCall(IInferenceRecordVerifier.requireRecord, (proposal, head, location, record)));
        reason = bytes4(got);
    }

    function requireRefused(bytes4 expected) internal {
        (bool success, bytes4 reason) = check();
        vm.assertFalse(success);
        vm.assertEq(bytes32(reason), bytes32(expected));
    }

    function requireAccepted() internal {
        (bool success,) = check();
        vm.assertTrue(success);
    }

    function testAPastRecord() public {
        requireAccepted();
    }

    function testARecordOfTheProposedBlockItself() public {
        location.blockNumber = HEAD;
        location.blockSiblings = new bytes32[](0);
        record = claims.recordsOf(world, truth, HEAD)[INDEX];
        location.recordSiblings = claims.siblingsOf(world, truth, HEAD, INDEX);
        requireAccepted();
    }

    function testTheRecordIsBound() public {
        bytes4 reason = IInferenceRecordVerifier.InferenceRecordVerifier_RecordNotProven.selector;
        InferenceRecord memory good = record;
        record.modelId ^= bytes32(uint256(1));
        requireRefused(reason);
        record = good;
        record.inputRoot ^= bytes32(uint256(1));
        requireRefused(reason);
        record = good;
        record.outputRoot ^= bytes32(uint256(1));
        requireRefused(reason);
        record = good;
        location.recordIndex ^= 1;
        requireRefused(reason);
        // An index beyond the tree reads like the one below it, but for this check.
        location.recordIndex = INDEX + (1 << 16);
        requireRefused(reason);
        location.recordIndex = INDEX;
        location.recordSiblings.pop();
        requireRefused(reason);
        location.recordSiblings = claims.siblingsOf(world, truth, PAST, INDEX);
        requireAccepted();
    }

    function testTheBlockIsBound() public {
        bytes4 reason = IInferenceRecordVerifier.InferenceRecordVerifier_BlockNotProven.selector;
        location.blockHash ^= bytes32(uint256(1));
        requireRefused(reason);
        location.blockHash ^= bytes32(uint256(1));
        location.logRoot ^= bytes32(uint256(1));
        requireRefused(reason);
        location.logRoot ^= bytes32(uint256(1));
        location.blockNumber = PAST - 1;
        requireRefused(reason);
        location.blockNumber = PAST;
        for (uint256 height = 0; height < 32; height++) {
            location.blockSiblings[height] ^= bytes32(uint256(1));
            requireRefused(reason);
            location.blockSiblings[height] ^= bytes32(uint256(1));
        }
        location.blockSiblings.pop();
        requireRefused(reason);
    }

    function testABlockAfterTheProposalIsRefused() public {
        location.blockNumber = HEAD + 1;
        requireRefused(IInferenceRecordVerifier.InferenceRecordVerifier_BlockAfterProposal.selector);
        location.blockNumber = PAST + (1 << 32);
        requireRefused(IInferenceRecordVerifier.InferenceRecordVerifier_BlockAfterProposal.selector);
    }

    function testTheHeadIsTheFinalOne() public {
        bytes4 reason = IInferenceRecordVerifier.InferenceRecordVerifier_RootMismatch.selector;
        head.stateRoot ^= bytes32(uint256(1));
        requireRefused(reason);
        head.stateRoot ^= bytes32(uint256(1));
        head.messagePasserStorageRoot ^= bytes32(uint256(1));
        requireRefused(reason);
        head.messagePasserStorageRoot ^= bytes32(uint256(1));
        bytes4 log = OutputRoots.OutputRoots_LogCommitmentMismatch.selector;
        head.accumulatorRoot ^= bytes32(uint256(1));
        requireRefused(log);
        head.accumulatorRoot ^= bytes32(uint256(1));
        head.logRoot ^= bytes32(uint256(1));
        requireRefused(log);
        head.logRoot ^= bytes32(uint256(1));
        head.logCount++;
        requireRefused(log);
        head.logCount--;
        requireAccepted();
    }

    function testTheProposalCounts() public {
        vm.prank(GUARDIAN);
        registry.blacklistDisputeGame(IDisputeGame(address(proposal)));
        requireRefused(IInferenceRecordVerifier.InferenceRecordVerifier_NotFinal.selector);
    }
}
