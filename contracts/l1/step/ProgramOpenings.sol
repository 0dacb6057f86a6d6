// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { PROGRAM_DOMAIN, PROGRAM_OP_DOMAIN } from "../../shared/Domains.sol";
import { MerkleOpenings } from "./MerkleOpenings.sol";
import { OpenedOp } from "./StepContext.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { Witness, hashUnderDomain, readUint } from "./Witness.sol";

/// @title ProgramOpenings
/// @notice Opens the op that a step belongs to under its Program's root.
library ProgramOpenings {
    using MerkleOpenings for Witness;

    /// @dev profile u32 ‖ inputCount u32 ‖ constantCount u32 ‖ leafCount u32 ‖ steps u64, as in the root's preimage.
    uint256 private constant HEAD_BYTES = 24;
    /// @dev firstStep u64 ‖ stepCount u64, as in the leaf's preimage.
    uint256 private constant STEPS_BYTES = 16;

    /// @notice Opens the leaf that covers step `t`.
    function openOp(Witness memory witness, bytes32 programRoot, uint256 t) internal pure returns (OpenedOp memory op) {
        uint256 head = witness.take(HEAD_BYTES);
        op.profile = readUint(head, 4);
        op.firstOpValue = readUint(head + 4, 4) + readUint(head + 8, 4);
        op.leafCount = readUint(head + 12, 4);
        op.steps = readUint(head + 16, 8);
        op.leafIndex = witness.takeUint(4);
        op.size = witness.takeUint(2);
        uint256 leaf = witness.take(STEPS_BYTES + op.size);
        op.position = leaf + STEPS_BYTES;
        // INVARIANT: padding of the tree is no op.
        require(op.leafIndex < op.leafCount, StepVerifierErrors.StepVerifier_LeafIndex(op.leafIndex, op.leafCount));
        op.valueCount = op.firstOpValue + op.leafCount - 1;
        _requireRoot(witness, op, head, hashUnderDomain(PROGRAM_OP_DOMAIN, leaf, STEPS_BYTES + op.size), programRoot);
        uint256 firstStep = readUint(leaf, 8);
        op.stepCount = readUint(leaf + 8, 8);
        // INVARIANT: the op that is executed is the one that the step belongs to.
        require(
            firstStep <= t && t - firstStep < op.stepCount,
            StepVerifierErrors.StepVerifier_StepNotInOp(t, firstStep, op.stepCount)
        );
        op.within = t - firstStep;
    }

    function _requireRoot(Witness memory witness, OpenedOp memory op, uint256 head, bytes32 leaf, bytes32 programRoot)
        private
        pure
    {
        bytes32 tree = witness.root(leaf, op.leafIndex, op.leafCount, MerkleOpenings.depthOf(op.leafCount));
        bytes32 opened = keccak256(abi.encodePacked(PROGRAM_DOMAIN, uint192(readUint(head, HEAD_BYTES)), tree));
        // INVARIANT: only the model's own Program is executed.
        require(opened == programRoot, StepVerifierErrors.StepVerifier_ProgramMismatch(opened, programRoot));
    }
}
