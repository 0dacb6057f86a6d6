// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Segment } from "../../l1/dispute/Dissections.sol";
import { HeaderReader } from "../../l1/dispute/HeaderReader.sol";
import { IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { InferenceRecord } from "../../l1/dispute/InferenceRecord.sol";
import { EMPTY_LOG_ROOT, LOG_DEPTH } from "../../l1/dispute/LogProofs.sol";
import { BlockReveal, OutputRoots } from "../../l1/dispute/OutputRoots.sol";
import { Lie, View } from "./support/Claims.sol";
import { HeaderWriter } from "./support/HeaderWriter.sol";
import { MockStepVerifier } from "./support/MockStepVerifier.sol";
import { Refusals } from "./support/Refusals.sol";
import { Trees } from "./support/Trees.sol";

/// @notice What is shown on L1 is bound to what was claimed before: each binding is broken once, and refused.
contract RevealsTest is Refusals {
    /// @dev The reveal that the proposer owes, on BLOCK, where it claimed that block's root.
    function owedBlock() internal returns (Segment memory segment, BlockReveal memory reveal) {
        playTo(Rung.BLOCK, false);
        return (wholeSegment(gameId), claims.revealOf(world, lie, 333));
    }

    function blockData(Segment memory segment, BlockReveal memory reveal) internal view returns (bytes memory) {
        return abi.encodeCall(IBisectionGame.revealBlock, (gameId, segment, reveal));
    }

    function rootOf(BlockReveal memory reveal) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(bytes32(0), reveal.stateRoot, reveal.messagePasserStorageRoot, keccak256(reveal.header))
        );
    }

    function testTheBlockIsTheOneBehindTheClaimedRoot() public {
        (Segment memory segment, BlockReveal memory reveal) = owedBlock();
        bytes4 selector = IBisectionGame.BisectionGame_RootMismatch.selector;
        for (uint256 field = 0; field < 3; field++) {
            BlockReveal memory other = claims.revealOf(world, lie, 333);
            if (field == 0) other.stateRoot ^= bytes32(uint256(1));
            if (field == 1) other.messagePasserStorageRoot ^= bytes32(uint256(1));
            if (field == 2) other.header[40] ^= 0x01;
            refused(PROPOSER, blockData(segment, other), failure(selector, segment.end, rootOf(other)));
        }
        // Another block of the same chain, and the truth, are other roots as well.
        BlockReveal memory next = claims.revealOf(world, lie, 334);
        refused(PROPOSER, blockData(segment, next), failure(selector, segment.end, rootOf(next)));
        BlockReveal memory honest = claims.revealOf(world, truth, 333);
        refused(PROPOSER, blockData(segment, honest), failure(selector, segment.end, rootOf(honest)));
        vm.prank(PROPOSER);
        game.revealBlock(gameId, segment, reveal);
    }

    function testTheLogIsTheOneInTheHeader() public {
        (Segment memory segment, BlockReveal memory reveal) = owedBlock();
        for (uint256 field = 0; field < 3; field++) {
            BlockReveal memory other = claims.revealOf(world, lie, 333);
            if (field == 0) other.logRoot ^= bytes32(uint256(1));
            if (field == 1) other.logCount++;
            if (field == 2) other.accumulatorRoot ^= bytes32(uint256(1));
            bytes32 got = keccak256(abi.encode(1, other.logRoot, other.logCount, other.accumulatorRoot, bytes32(0)));
            bytes32 expected =
                keccak256(abi.encode(1, reveal.logRoot, reveal.logCount, reveal.accumulatorRoot, bytes32(0)));
            bytes4 selector = OutputRoots.OutputRoots_LogCommitmentMismatch.selector;
            refused(PROPOSER, blockData(segment, other), failure(selector, expected, got));
        }
    }

    /// @dev A liar may have claimed the root of anything: what is behind it must still be that block, whole.
    function revealOfMade(bytes memory header, bytes32 stateRoot, bytes32 logRoot, uint256 logCount)
        internal
        returns (bytes memory data)
    {
        BlockReveal memory reveal =
            BlockReveal(stateRoot, keccak256("messages"), header, logRoot, logCount, keccak256("accumulator"));
        proposal = propose(PROPOSER, rootOf(reveal), ANCHOR_BLOCK + 1, uint256(keccak256(header)));
        gameId = openGame(proposal, CHALLENGER, truth);
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 0);
        return blockData(segment, reveal);
    }

    function headerOf(uint256 number, bytes32 stateRoot, bytes32 logRoot, uint256 logCount)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 commitment = keccak256(abi.encode(1, logRoot, logCount, keccak256("accumulator"), bytes32(0)));
        return HeaderWriter.header(number, stateRoot, commitment);
    }

    function testTheHeaderIsThatOfTheBlockInDispute() public {
        bytes32 state = keccak256("state");
        bytes memory header = headerOf(102, state, EMPTY_LOG_ROOT, 0);
        bytes memory data = revealOfMade(header, state, EMPTY_LOG_ROOT, 0);
        bytes4 selector = OutputRoots.OutputRoots_BlockNumberMismatch.selector;
        refused(PROPOSER, STAKE, data, failure(selector, 101, 102));
    }

    function testTheStateIsTheHeaders() public {
        bytes32 state = keccak256("state");
        bytes memory header = headerOf(101, state, EMPTY_LOG_ROOT, 0);
        bytes memory data = revealOfMade(header, keccak256("other"), EMPTY_LOG_ROOT, 0);
        bytes4 selector = OutputRoots.OutputRoots_StateRootMismatch.selector;
        refused(PROPOSER, STAKE, data, failure(selector, state, keccak256("other")));
    }

    function testAMalformedHeaderIsRefused() public {
        bytes32 state = keccak256("state");
        bytes memory header = bytes.concat(headerOf(101, state, EMPTY_LOG_ROOT, 0), hex"00");
        bytes memory data = revealOfMade(header, state, EMPTY_LOG_ROOT, 0);
        refused(PROPOSER, STAKE, data, failure(HeaderReader.HeaderReader_Malformed.selector, 0));
    }

    function testALogHasNoMoreRecordsThanItsTree() public {
        bytes32 state = keccak256("state");
        uint256 count = 2 ** LOG_DEPTH + 1;
        bytes memory data = revealOfMade(headerOf(101, state, "log", count), state, "log", count);
        bytes4 selector = IBisectionGame.BisectionGame_LogTooLong.selector;
        refused(PROPOSER, STAKE, data, failure(selector, count, 2 ** LOG_DEPTH));
    }

    function testALogWithoutRecordsIsEmpty() public {
        bytes32 state = keccak256("state");
        bytes memory data = revealOfMade(headerOf(101, state, "log", 0), state, "log", 0);
        bytes4 selector = IBisectionGame.BisectionGame_PrefixMismatch.selector;
        refused(PROPOSER, STAKE, data, failure(selector, EMPTY_LOG_ROOT, "log"));
    }

    function testTheProposerDoesNotRevealWhatItRejects() public {
        // The challenger's claim is true; the proposer, on turn in ROOTS, reveals the very block behind it.
        lie = lieAbout(Lie.OUTPUT, 101, 0, 1);
        proposal = propose(PROPOSER, claims.rootAt(world, lie, 101), 101, 7);
        gameId = openGame(proposal, CHALLENGER, truth);
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 0);
        bytes memory data = blockData(segment, claims.revealOf(world, truth, 101));
        bytes4 selector = IBisectionGame.BisectionGame_NothingRejected.selector;
        refused(PROPOSER, STAKE, data, failure(selector, segment.end));
    }

    function testOnlyTheProposerRevealsAndOnlyTheChallengerPicks() public {
        playTo(Rung.ROOTS, true);
        (Segment memory segment,) = nextCut();
        bytes memory reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongSide.selector, true);
        refused(CHALLENGER, blockData(segment, claims.revealOf(world, truth, 333)), reason);
        playTo(Rung.ROOTS, false);
        (segment,) = nextCut();
        reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongSide.selector, false);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.pick, (gameId, segment)), reason);
        playTo(Rung.LOG, true);
        (segment,) = nextCut();
        InferenceRecord memory record;
        reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongSide.selector, true);
        bytes memory data =
            abi.encodeCall(IBisectionGame.revealRecord, (gameId, segment, record, new bytes32[](LOG_DEPTH)));
        refused(CHALLENGER, data, reason);
        refused(CHALLENGER, abi.encodeCall(IBisectionGame.revealAbsence, (gameId, segment)), reason);
    }

    function recordData(Segment memory segment, InferenceRecord memory record, bytes32[] memory siblings)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(IBisectionGame.revealRecord, (gameId, segment, record, siblings));
    }

    function testTheRecordIsTheOneInTheLog() public {
        playTo(Rung.RECORD, false);
        Segment memory segment = wholeSegment(gameId);
        bytes32[] memory siblings = claims.siblingsOf(world, lie, 333, 4);
        bytes memory reason = failure(IBisectionGame.BisectionGame_RecordNotProven.selector, bytes32(uint256(4)));
        for (uint256 field = 0; field < 3; field++) {
            InferenceRecord memory other = claims.recordsOf(world, lie, 333)[4];
            if (field == 0) other.modelId ^= bytes32(uint256(1));
            if (field == 1) other.inputRoot ^= bytes32(uint256(1));
            if (field == 2) other.outputRoot ^= bytes32(uint256(1));
            refused(PROPOSER, recordData(segment, other, siblings), reason);
        }
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[4];
        for (uint256 height = 0; height < LOG_DEPTH; height++) {
            siblings[height] ^= bytes32(uint256(1));
            refused(PROPOSER, recordData(segment, record, siblings), reason);
            siblings[height] ^= bytes32(uint256(1));
        }
        refused(PROPOSER, recordData(segment, record, new bytes32[](LOG_DEPTH - 1)), reason);
        refused(PROPOSER, recordData(segment, record, new bytes32[](LOG_DEPTH + 1)), reason);
        // Another record of the same log, at its own place, is not the one in dispute.
        InferenceRecord memory neighbour = claims.recordsOf(world, lie, 333)[5];
        refused(PROPOSER, recordData(segment, neighbour, claims.siblingsOf(world, lie, 333, 5)), reason);
        vm.prank(PROPOSER);
        game.revealRecord(gameId, segment, record, siblings);
    }

    /// @dev The proposer leads the challenger to a record on which they do not differ: it cannot show that record, because in its
    ///      own dissection it said something else.
    function testTheRecordIsTheOneThatTheProposersPrefixEndsWith() public {
        playTo(Rung.LOG, false);
        (Segment memory segment,) = nextCut();
        bytes32[] memory hashes = new bytes32[](2);
        hashes[0] = keccak256("a prefix that is not the proposer's");
        hashes[1] = keccak256("another");
        vm.prank(PROPOSER);
        game.move(gameId, segment, hashes);
        follow(gameId);
        segment = Trees.segment(_seen[gameId].leaves, 0);
        vm.prank(CHALLENGER);
        game.pick(gameId, segment);
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[3];
        bytes32[] memory siblings = claims.siblingsOf(world, lie, 333, 3);
        bytes32 shown = claims.prefixAt(world, lie, 333, 4);
        follow(gameId);
        bytes memory reason = failure(IBisectionGame.BisectionGame_PrefixMismatch.selector, hashes[0], shown);
        refused(PROPOSER, recordData(wholeSegment(gameId), record, siblings), reason);
    }

    function testARecordInTheLogIsNotAbsent() public {
        playTo(Rung.RECORD, false);
        bytes memory reason = failure(IBisectionGame.BisectionGame_RecordIndex.selector, 4, 40);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.revealAbsence, (gameId, wholeSegment(gameId))), reason);
    }

    /// @dev The game at the point where the proposer, whose log is one record shorter, owes record 2.
    function playToTheMissingRecord() internal returns (Segment memory segment) {
        world.records = 3;
        lie = lieAbout(Lie.RECORD_MISSING, 101, 0, 1);
        proposal = propose(PROPOSER, claims.rootAt(world, lie, 101), 101, 9);
        gameId = openGame(proposal, CHALLENGER, truth);
        act(gameId, lie);
        act(gameId, truth);
        return Trees.segment(_seen[gameId].leaves, 2);
    }

    function testAnAbsentRecordIsNotRevealed() public {
        Segment memory segment = playToTheMissingRecord();
        InferenceRecord memory record = claims.recordsOf(world, truth, 101)[2];
        bytes memory data = recordData(segment, record, claims.siblingsOf(world, truth, 101, 2));
        refused(PROPOSER, data, failure(IBisectionGame.BisectionGame_RecordIndex.selector, 2, 2));
        vm.prank(PROPOSER);
        game.revealAbsence(gameId, segment);
        vm.assertTrue(game.game(gameId).rung == Rung.EXECUTION);
    }

    /// @dev A log whose root holds more than its count says: its end cannot be shown to be its end.
    function testALogDoesNotEndBeforeItsRecords() public {
        world.records = 3;
        BlockReveal memory reveal = claims.revealOf(world, truth, 101);
        reveal.logCount = 2;
        bytes32 commitment = keccak256(abi.encode(1, reveal.logRoot, uint256(2), keccak256("accumulator"), bytes32(0)));
        bytes memory header = HeaderWriter.header(101, keccak256("state"), commitment);
        bytes memory data = revealOfMade(header, keccak256("state"), reveal.logRoot, 2);
        vm.deal(PROPOSER, STAKE);
        vm.prank(PROPOSER);
        (bool success,) = address(game).call{ value: STAKE }(data);
        vm.assertTrue(success);
        follow(gameId);
        // The challenger's log of three records is the same tree, but for the count: it takes one whose last record differs.
        View memory other = lieAbout(Lie.OUTPUT, 101, 2, 1);
        bytes32[] memory hashes = hashesOver(gameId, Rung.LOG, 0, 3, other);
        vm.prank(CHALLENGER);
        game.openLog(gameId, 3, hashes);
        follow(gameId);
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 2);
        bytes memory reason =
            failure(IBisectionGame.BisectionGame_PrefixMismatch.selector, reveal.logRoot, segment.start);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.revealAbsence, (gameId, segment)), reason);
    }

    function testEqualLogsAreNotDissected() public {
        playTo(Rung.LOG_OPENING, true);
        bytes32[] memory hashes = hashesOver(gameId, Rung.LOG, 0, 40, lie);
        bytes memory reason = failure(IBisectionGame.BisectionGame_NothingRejected.selector, hashes[hashes.length - 1]);
        refused(CHALLENGER, abi.encodeCall(IBisectionGame.openLog, (gameId, 40, hashes)), reason);
        uint256 tooMany = 2 ** LOG_DEPTH + 1;
        reason = failure(IBisectionGame.BisectionGame_LogTooLong.selector, tooMany, 2 ** LOG_DEPTH);
        refused(CHALLENGER, abi.encodeCall(IBisectionGame.openLog, (gameId, tooMany, hashes)), reason);
    }

    function testEmptyLogsAreNotDissected() public {
        world.records = 0;
        lie = lieAbout(Lie.STATE, 101, 0, 1);
        proposal = propose(PROPOSER, claims.rootAt(world, lie, 101), 101, 9);
        gameId = openGame(proposal, CHALLENGER, truth);
        act(gameId, lie);
        bytes memory reason = failure(IBisectionGame.BisectionGame_LogEmpty.selector);
        refused(CHALLENGER, abi.encodeCall(IBisectionGame.openLog, (gameId, 0, new bytes32[](0))), reason);
    }

    function traceData(
        InferenceRecord memory record,
        IBisectionGame.TraceOpening memory opening,
        bytes32[] memory hashes
    ) internal view returns (bytes memory) {
        return abi.encodeCall(IBisectionGame.openTrace, (gameId, record, opening, hashes));
    }

    function testTheTraceIsThatOfTheRevealedRecord() public {
        playTo(Rung.TRACE_OPENING, true);
        IBisectionGame.TraceOpening memory opening = traceOpening(gameId);
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, 5000, truth);
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[4];
        bytes32 expected = leafOf(record);
        for (uint256 field = 0; field < 3; field++) {
            InferenceRecord memory other = claims.recordsOf(world, lie, 333)[4];
            if (field == 0) other.modelId ^= bytes32(uint256(1));
            if (field == 1) other.inputRoot ^= bytes32(uint256(1));
            if (field == 2) other.outputRoot ^= bytes32(uint256(1));
            bytes memory reason = failure(IBisectionGame.BisectionGame_RecordMismatch.selector, expected, leafOf(other));
            refused(CHALLENGER, traceData(other, opening, hashes), reason);
        }
        vm.prank(CHALLENGER);
        game.openTrace(gameId, record, opening, hashes);
    }

    function leafOf(InferenceRecord memory record) internal view returns (bytes32) {
        InferenceRecord[] memory records = new InferenceRecord[](1);
        records[0] = record;
        return claims.leavesOf(records)[0];
    }

    function testProgramAndInputFollowFromTheRecord() public {
        playTo(Rung.TRACE_OPENING, true);
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, 5000, truth);
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[4];
        // Another program, of another model.
        IBisectionGame.TraceOpening memory opening = traceOpening(gameId);
        world.program.steps = 4999;
        opening.manifest = verifier.manifestOf(world.program);
        bytes memory reason =
            failure(IBisectionGame.BisectionGame_ModelMismatch.selector, record.modelId, keccak256(opening.manifest));
        refused(CHALLENGER, traceData(record, opening, hashes), reason);
        // Another input.
        world.program.steps = 5000;
        opening = traceOpening(gameId);
        opening.inputTensorRoots[0] = keccak256("another input");
        refused(
            CHALLENGER,
            traceData(record, opening, hashes),
            failure(MockStepVerifier.MockStepVerifier_InputMismatch.selector)
        );
        // A profile that nobody judges, and no manifest at all.
        opening = traceOpening(gameId);
        opening.manifest[35] = 0x09;
        reason = failure(IBisectionGame.BisectionGame_UnknownProfile.selector, bytes32(uint256(9)));
        refused(CHALLENGER, traceData(record, opening, hashes), reason);
        opening.manifest = hex"00";
        reason = failure(IBisectionGame.BisectionGame_UnknownProfile.selector, 0);
        refused(CHALLENGER, traceData(record, opening, hashes), reason);
    }

    function testATraceThatEndsAsTheRecordSaysIsRefused() public {
        playTo(Rung.TRACE_OPENING, true);
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, 5000, lie);
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[4];
        bytes memory reason =
            failure(IBisectionGame.BisectionGame_NothingRejected.selector, verifier.haltState(record.outputRoot));
        refused(CHALLENGER, traceData(record, traceOpening(gameId), hashes), reason);
    }

    function testATraceHasSteps() public {
        world.program.steps = 0;
        world.records = 1;
        lie = lieAbout(Lie.OUTPUT, 101, 0, 1);
        proposal = propose(PROPOSER, claims.rootAt(world, lie, 101), 101, 9);
        gameId = openGame(proposal, CHALLENGER, truth);
        act(gameId, lie);
        act(gameId, truth);
        act(gameId, lie);
        InferenceRecord memory record = claims.recordsOf(world, lie, 101)[0];
        bytes memory reason = failure(IBisectionGame.BisectionGame_TraceLength.selector, 0);
        refused(CHALLENGER, traceData(record, traceOpening(gameId), new bytes32[](1)), reason);
    }

    /// @dev The step is the segment's, so a witness of any other step opens nothing.
    function testTheStepIsTheGames() public {
        playTo(Rung.TRACE, false, 32);
        (Segment memory segment,) = nextCut();
        InferenceRecord memory record = claims.recordsOf(world, lie, 333)[4];
        segment = Trees.segment(_seen[gameId].leaves, segment.index);
        bytes memory data = abi.encodeCall(IBisectionGame.prove, (gameId, segment, proofOf(record)));
        refused(PROPOSER, data, failure(MockStepVerifier.MockStepVerifier_BadWitness.selector));
    }

    /// @dev A witness of a run that the segment does not start in.
    function proofOf(InferenceRecord memory record) internal view returns (bytes memory) {
        return verifier.witnessOf(world.program, keccak256(abi.encode(record)));
    }

    function testATrueStepProvesNothingAgainstIt() public {
        // The liar is on turn before the honest challenger's dissection of single steps, and picks a true one.
        playTo(Rung.TRACE, false, 32);
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 0);
        uint256 t = _seen[gameId].lo;
        bytes memory witness = claims.witnessAt(world, truth, _seen[gameId].record, t);
        bytes memory data = abi.encodeCall(IBisectionGame.prove, (gameId, segment, witness));
        refused(PROPOSER, data, failure(IBisectionGame.BisectionGame_StepHolds.selector, segment.end));
    }
}
