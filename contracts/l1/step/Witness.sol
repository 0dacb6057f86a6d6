// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { TRACE_TRAP_DOMAIN } from "../../shared/Domains.sol";
import { MAX_WITNESS_BYTES } from "../../shared/ProgramLimits.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";

/// @dev The state of a trace that broke a rule.
bytes32 constant TRAP_STATE = keccak256(abi.encodePacked(TRACE_TRAP_DOMAIN));
/// @dev Heights of empty subtrees that a witness can leave out: those below the root of a tree of 2^32 leaves.
uint256 constant MAX_TREE_DEPTH = 32;

/// @notice A witness while it is read.
/// @param position Position in the call data of the next byte.
/// @param end Position after the last byte.
/// @param emptyRoots Roots of subtrees of zero leaves, by height.
struct Witness {
    uint256 position;
    uint256 end;
    bytes32[] emptyRoots;
}

using Witnesses for Witness global;

/// @title Witnesses
/// @notice Reads a witness from front to end. Whatever a step needs it takes from here, so nothing in a witness is left unread.
library Witnesses {
    /// @notice Opens a witness at its first byte.
    function open(bytes calldata data) internal pure returns (Witness memory witness) {
        // INVARIANT: a step's cost is bounded.
        require(
            data.length <= MAX_WITNESS_BYTES,
            StepVerifierErrors.StepVerifier_WitnessTooLong(data.length, MAX_WITNESS_BYTES)
        );
        uint256 position;
        assembly ("memory-safe") {
            position := data.offset
        }
        witness.position = position;
        witness.end = position + data.length;
        bytes32[] memory emptyRoots = new bytes32[](MAX_TREE_DEPTH);
        bytes32 empty;
        unchecked {
            for (uint256 height = 1; height < MAX_TREE_DEPTH; ++height) {
                empty = hashPair(empty, empty);
                assembly ("memory-safe") {
                    mstore(add(add(emptyRoots, 0x20), shl(5, height)), empty)
                }
            }
        }
        witness.emptyRoots = emptyRoots;
    }

    /// @notice Passes over the next `size` bytes and returns where they are.
    function take(Witness memory witness, uint256 size) internal pure returns (uint256 position) {
        unchecked {
            position = witness.position;
            uint256 next = position + size;
            // INVARIANT: nothing is read that the witness does not hold.
            if (next > witness.end) revert StepVerifierErrors.StepVerifier_WitnessTruncated(next - witness.end);
            witness.position = next;
        }
    }

    /// @notice Takes a big-endian unsigned integer of `size` bytes, 1 to 32.
    function takeUint(Witness memory witness, uint256 size) internal pure returns (uint256) {
        return readUint(take(witness, size), size);
    }

    /// @notice Takes 32 bytes.
    function takeWord(Witness memory witness) internal pure returns (bytes32 word) {
        uint256 position = take(witness, 32);
        assembly ("memory-safe") {
            word := calldataload(position)
        }
    }

    /// @notice Requires that the witness is read to its end.
    function finish(Witness memory witness) internal pure {
        // INVARIANT: a witness has one form only.
        require(
            witness.position == witness.end,
            StepVerifierErrors.StepVerifier_WitnessTrailing(witness.end - witness.position)
        );
    }

    /// @notice Ends the call with the trap state: what is committed breaks a rule.
    /// @dev Returns from the external call at once, from however deep inside the step, so that no rule is checked after another is broken.
    function trap(Witness memory witness) internal pure {
        finish(witness);
        bytes32 state = TRAP_STATE;
        assembly ("memory-safe") {
            mstore(0x00, state)
            return(0x00, 0x20)
        }
    }
}

/// @dev The big-endian unsigned integer in `size` bytes of call data, 1 to 32.
function readUint(uint256 position, uint256 size) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := shr(sub(256, shl(3, size)), calldataload(position))
    }
}

/// @dev The big-endian two's-complement integer in `size` bytes of call data, 1 to 32.
function readInt(uint256 position, uint256 size) pure returns (int256 value) {
    assembly ("memory-safe") {
        value := sar(sub(256, shl(3, size)), calldataload(position))
    }
}

/// @dev keccak256(left ‖ right): a node of a Merkle tree. 60 gas less than abi.encodePacked.
function hashPair(bytes32 left, bytes32 right) pure returns (bytes32 node) {
    assembly ("memory-safe") {
        mstore(0x00, left)
        mstore(0x20, right)
        node := keccak256(0x00, 0x40)
    }
}

/// @dev keccak256 of a stretch of call data, as of a copy of it in memory.
function hashCalldata(uint256 position, uint256 size) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, position, size)
        hash := keccak256(free, size)
    }
}

/// @dev keccak256(domain ‖ a stretch of call data).
function hashUnderDomain(bytes32 domain, uint256 position, uint256 size) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        mstore(free, domain)
        calldatacopy(add(free, 0x20), position, size)
        hash := keccak256(free, add(size, 0x20))
    }
}
