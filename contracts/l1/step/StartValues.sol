// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { VALUE_TREE_DEPTH } from "../../shared/ProgramLimits.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { hashPair } from "./Witness.sol";

/// @title StartValues
/// @notice Sets the inputs into the tree of a model's constants, which gives the value tree that a trace starts from.
library StartValues {
    /// @notice The root of the value tree with the inputs as its first leaves, having opened those as zero under `constantsRoot`.
    /// @param siblings From the leaves upwards, wherever the leaves set so far end at an odd place of a level, the node to their right;
    ///        those left out at the end are empty subtrees.
    function set(bytes32 constantsRoot, bytes32[] calldata inputs, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 valuesRoot)
    {
        if (inputs.length == 0) {
            _requireAtMost(siblings, 0);
            return constantsRoot;
        }
        bytes32[] memory nodes = new bytes32[](inputs.length + 1);
        for (uint256 i = 0; i < inputs.length; ++i) {
            nodes[i] = inputs[i];
        }
        bytes32 empty = bytes32(0);
        bytes32[] memory before = new bytes32[](inputs.length + 1);
        uint256 width = inputs.length;
        uint256 taken = 0;
        for (uint256 level = 0; level < VALUE_TREE_DEPTH; ++level) {
            if (width % 2 == 1) {
                bytes32 sibling = taken < siblings.length ? siblings[taken] : empty;
                ++taken;
                nodes[width] = sibling;
                before[width] = sibling;
                ++width;
            }
            width /= 2;
            for (uint256 i = 0; i < width; ++i) {
                nodes[i] = hashPair(nodes[2 * i], nodes[2 * i + 1]);
                before[i] = hashPair(before[2 * i], before[2 * i + 1]);
            }
            empty = hashPair(empty, empty);
        }
        _requireAtMost(siblings, taken);
        // INVARIANT: a trace starts from the model's own constants, with nothing where the inputs go.
        require(before[0] == constantsRoot, StepVerifierErrors.StepVerifier_ConstantsMismatch(before[0], constantsRoot));
        return nodes[0];
    }

    function _requireAtMost(bytes32[] calldata siblings, uint256 most) private pure {
        // INVARIANT: nothing is left unread.
        require(siblings.length <= most, StepVerifierErrors.StepVerifier_SiblingCount(siblings.length, most));
    }
}
