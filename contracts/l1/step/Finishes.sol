// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { OUTPUTS_DOMAIN } from "../../shared/Domains.sol";
import { VALUE_TREE_DEPTH } from "../../shared/ProgramLimits.sol";
import { MerkleOpenings } from "./MerkleOpenings.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { Witness, hashPair } from "./Witness.sol";

/// @title Finishes
/// @notice The last step: opens the outputs and commits to them. They are stored in their declared lane width, so their leaves in the
///         value tree are what the outputRoot binds.
library Finishes {
    using MerkleOpenings for Witness;

    /// @notice The outputRoot of a state.
    /// @param outputs Value ids, each below `valueCount`.
    function outputRoot(Witness memory witness, bytes32 valuesRoot, uint256[] memory outputs, uint256 valueCount)
        internal
        pure
        returns (bytes32)
    {
        uint256 height = VALUE_TREE_DEPTH - MerkleOpenings.depthOf(outputs.length);
        bytes32[] memory top = _openTop(witness, valuesRoot, height, valueCount);
        bytes32[] memory leaves = new bytes32[](outputs.length);
        for (uint256 i = 0; i < outputs.length; ++i) {
            leaves[i] = _openLeaf(witness, top, outputs[i], height, valueCount);
        }
        return keccak256(abi.encodePacked(OUTPUTS_DOMAIN, uint32(outputs.length), leaves));
    }

    /// @dev Opens the tensor root of an output under its node of the top.
    function _openLeaf(Witness memory witness, bytes32[] memory top, uint256 value, uint256 height, uint256 valueCount)
        private
        pure
        returns (bytes32 leaf)
    {
        leaf = witness.takeWord();
        bytes32 opened = witness.root(leaf, value, valueCount, height);
        // INVARIANT: outputs are values of this very state.
        require(opened == top[value >> height], StepVerifierErrors.StepVerifier_ValueMismatch(value));
        if (leaf == bytes32(0)) witness.trap();
    }

    /// @dev Opens the value tree's nodes at a height, once for all outputs, which keeps 64 of them within a witness.
    function _openTop(Witness memory witness, bytes32 valuesRoot, uint256 height, uint256 valueCount)
        private
        pure
        returns (bytes32[] memory top)
    {
        uint256 width = 1 << (VALUE_TREE_DEPTH - height);
        top = new bytes32[](width);
        bytes32[] memory nodes = new bytes32[](width);
        for (uint256 i = 0; i < width; ++i) {
            top[i] = i << height >= valueCount ? witness.emptyRoots[height] : witness.takeWord();
            nodes[i] = top[i];
        }
        while (width > 1) {
            width /= 2;
            for (uint256 i = 0; i < width; ++i) {
                nodes[i] = hashPair(nodes[2 * i], nodes[2 * i + 1]);
            }
        }
        // INVARIANT: outputs are values of this very state.
        require(nodes[0] == valuesRoot, StepVerifierErrors.StepVerifier_ValuesMismatch(nodes[0], valuesRoot));
    }
}
