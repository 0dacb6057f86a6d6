// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { HeaderReader } from "./HeaderReader.sol";

/// @notice What is behind an output root, down to the block's inference log.
/// @param stateRoot The block's state root.
/// @param messagePasserStorageRoot Storage root of the L2ToL1MessagePasser.
/// @param header RLP of the block's header.
/// @param logRoot Root over the block's records.
/// @param logCount Number of the block's records.
/// @param accumulatorRoot Root over all earlier blocks' (hash, logRoot).
struct BlockReveal {
    bytes32 stateRoot;
    bytes32 messagePasserStorageRoot;
    bytes header;
    bytes32 logRoot;
    uint256 logCount;
    bytes32 accumulatorRoot;
}

/// @title OutputRoots
/// @notice Output roots in the OP Stack's form (version 0), and the log commitment in the header's extra data.
library OutputRoots {
    /// @notice The header has another state root than the output root.
    error OutputRoots_StateRootMismatch(bytes32 expected, bytes32 got);
    /// @notice The header is of another block.
    error OutputRoots_BlockNumberMismatch(uint256 expected, uint256 got);
    /// @notice The header's extra data is not the hash of the log commitment.
    error OutputRoots_LogCommitmentMismatch(bytes32 expected, bytes32 got);

    /// @dev Version of the log commitment's layout.
    uint256 private constant LOG_COMMITMENT_VERSION = 1;

    /// @notice The output root that the reveal is the preimage of.
    function rootOf(BlockReveal calldata reveal) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(bytes32(0), reveal.stateRoot, reveal.messagePasserStorageRoot, keccak256(reveal.header))
        );
    }

    /// @notice Reverts unless header, state root and log commitment belong together and to block `number`.
    function requireConsistent(BlockReveal calldata reveal, uint256 number) internal pure {
        HeaderReader.Header memory header = HeaderReader.read(reveal.header);
        // INVARIANT: the header is that of the block in dispute.
        require(header.number == number, OutputRoots_BlockNumberMismatch(number, header.number));
        // INVARIANT: an output root and its header agree on the state.
        require(header.stateRoot == reveal.stateRoot, OutputRoots_StateRootMismatch(header.stateRoot, reveal.stateRoot));
        bytes32 commitment = keccak256(
            abi.encode(LOG_COMMITMENT_VERSION, reveal.logRoot, reveal.logCount, reveal.accumulatorRoot, bytes32(0))
        );
        // INVARIANT: the log is the one that the header commits to.
        require(header.extraData == commitment, OutputRoots_LogCommitmentMismatch(header.extraData, commitment));
    }
}
