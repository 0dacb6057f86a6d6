// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { InferenceRecord, RECORD_DOMAIN } from "../../../l1/dispute/InferenceRecord.sol";
import { EMPTY_LOG_ROOT, LOG_DEPTH } from "../../../l1/dispute/LogProofs.sol";
import { BlockReveal } from "../../../l1/dispute/OutputRoots.sol";
import { HeaderWriter } from "./HeaderWriter.sol";
import { MockProgram, MockStepVerifier } from "./MockStepVerifier.sol";
import { Trees } from "./Trees.sol";

/// @notice What a liar has wrong.
/// @dev OUTPUT: one record's output, with a false trace. RECORD_MISSING, RECORD_EXTRA: its log ends one record early or late. STATE: the
///      state root alone.
enum Lie {
    NONE,
    OUTPUT,
    RECORD_MISSING,
    RECORD_EXTRA,
    STATE
}

/// @notice What one player holds true of the chain and its inferences.
/// @param lie What is wrong with it; NONE for the honest.
/// @param lieBlock The first block that is wrong.
/// @param lieRecord The false record of that block (OUTPUT).
/// @param lieStep The first state that is wrong (OUTPUT), 1 … T.
/// @param salt Distinguishes lies.
struct View {
    Lie lie;
    uint256 lieBlock;
    uint256 lieRecord;
    uint256 lieStep;
    uint256 salt;
}

/// @notice The world that players have views of: every block has so many records of one model.
struct World {
    uint256 records;
    MockProgram program;
}

/// @title Claims
/// @notice What a player with some view of the world says about any position of any rung.
contract Claims {
    MockStepVerifier public immutable verifier;

    constructor(MockStepVerifier stepVerifier) {
        verifier = stepVerifier;
    }

    function rootAt(World memory world, View memory v, uint256 number) external view returns (bytes32) {
        BlockReveal memory reveal = revealOf(world, v, number);
        return keccak256(
            abi.encode(bytes32(0), reveal.stateRoot, reveal.messagePasserStorageRoot, keccak256(reveal.header))
        );
    }

    function revealOf(World memory world, View memory v, uint256 number)
        public
        view
        returns (BlockReveal memory reveal)
    {
        bool isWrong = v.lie != Lie.NONE && number >= v.lieBlock;
        reveal.stateRoot = keccak256(abi.encode("state", number, isWrong ? v.salt + 1 : 0));
        reveal.messagePasserStorageRoot = keccak256(abi.encode("messages", number));
        bytes32[] memory leaves = leavesOf(recordsOf(world, v, number));
        reveal.logRoot = Trees.root(leaves, LOG_DEPTH);
        reveal.logCount = leaves.length;
        reveal.accumulatorRoot = keccak256(abi.encode("accumulator", number));
        bytes32 commitment =
            keccak256(abi.encode(uint256(1), reveal.logRoot, reveal.logCount, reveal.accumulatorRoot, bytes32(0)));
        reveal.header = HeaderWriter.header(number, reveal.stateRoot, commitment);
    }

    function recordsOf(World memory world, View memory v, uint256 number)
        public
        view
        returns (InferenceRecord[] memory records)
    {
        uint256 count = world.records;
        if (number == v.lieBlock && v.lie == Lie.RECORD_MISSING) count--;
        if (number == v.lieBlock && v.lie == Lie.RECORD_EXTRA) count++;
        records = new InferenceRecord[](count);
        bytes32 modelId = keccak256(verifier.manifestOf(world.program));
        for (uint256 i = 0; i < count; i++) {
            bytes32 inputRoot = verifier.inputRootOf(inputsOf(number, i));
            bytes32 key = verifier.keyOf(modelId, inputRoot);
            bool isFalse = v.lie == Lie.OUTPUT && number == v.lieBlock && i == v.lieRecord;
            if (isFalse) key = falseKey(v, key);
            records[i] = InferenceRecord(modelId, inputRoot, verifier.outputRootOf(key));
        }
    }

    function siblingsOf(World memory world, View memory v, uint256 number, uint256 index)
        external
        view
        returns (bytes32[] memory)
    {
        return Trees.proof(leavesOf(recordsOf(world, v, number)), index, LOG_DEPTH);
    }

    /// @dev Root over the first records of a block's log.
    function prefixAt(World memory world, View memory v, uint256 number, uint256 position)
        external
        view
        returns (bytes32)
    {
        bytes32[] memory leaves = leavesOf(recordsOf(world, v, number));
        if (position < leaves.length) {
            assembly ("memory-safe") {
                mstore(leaves, position)
            }
        }
        return leaves.length == 0 ? EMPTY_LOG_ROOT : Trees.root(leaves, LOG_DEPTH);
    }

    /// @dev State `t` of the trace of a record, as the view has it: a liar's states are a false run's from `lieStep` on.
    function stateAt(World memory world, View memory v, InferenceRecord memory record, uint256 t)
        external
        view
        returns (bytes32)
    {
        bytes32 key = verifier.keyOf(record.modelId, record.inputRoot);
        bool isWrong = v.lie == Lie.OUTPUT && t >= v.lieStep;
        return verifier.traceState(world.program, isWrong ? falseKey(v, key) : key, t);
    }

    function witnessAt(World memory world, View memory v, InferenceRecord memory record, uint256 t)
        external
        view
        returns (bytes memory)
    {
        bytes32 key = verifier.keyOf(record.modelId, record.inputRoot);
        bool isWrong = v.lie == Lie.OUTPUT && t >= v.lieStep;
        return verifier.witnessOf(world.program, isWrong ? falseKey(v, key) : key);
    }

    function inputsOf(uint256 number, uint256 index) public pure returns (bytes32[] memory roots) {
        roots = new bytes32[](1);
        roots[0] = keccak256(abi.encode("input", number, index));
    }

    function leavesOf(InferenceRecord[] memory records) public pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](records.length);
        for (uint256 i = 0; i < records.length; i++) {
            leaves[i] =
                keccak256(abi.encode(RECORD_DOMAIN, records[i].modelId, records[i].inputRoot, records[i].outputRoot));
        }
    }

    function falseKey(View memory v, bytes32 key) internal pure returns (bytes32) {
        return keccak256(abi.encode("false run", key, v.salt));
    }
}
