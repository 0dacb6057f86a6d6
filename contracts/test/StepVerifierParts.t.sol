// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { WORD_BYTES } from "../l1/step/Descriptors.sol";
import { DotProducts } from "../l1/step/DotProducts.sol";
import { Loops } from "../l1/step/Loops.sol";
import { MerkleOpenings } from "../l1/step/MerkleOpenings.sol";
import { OperandMaps } from "../l1/step/OperandMaps.sol";
import { Nest, Operand, Row } from "../l1/step/StepContext.sol";
import { Witness, Witnesses, hashPair, readInt } from "../l1/step/Witness.sol";
import { Test } from "./support/Test.sol";

/// @notice Where an operand is on a row.
struct PlacedOperand {
    int256 base;
    int256 stride;
    uint256 rangeFirst;
    uint256 rangeEnd;
}

/// @notice The parts of the step verifier that are written in assembly, each with the plain loop that it must equal.
contract StepVerifierParts {
    using MerkleOpenings for Witness;

    function root(bytes calldata siblings, bytes32 leaf, uint256 index, uint256 used, uint256 depth)
        external
        pure
        returns (bytes32 node, uint256 left)
    {
        Witness memory witness = Witnesses.open(siblings);
        node = witness.root(leaf, index, used, depth);
        left = witness.end - witness.position;
    }

    function plainRoot(bytes calldata siblings, bytes32 leaf, uint256 index, uint256 used, uint256 depth)
        external
        pure
        returns (bytes32 node, uint256 left)
    {
        Witness memory witness = Witnesses.open(siblings);
        node = leaf;
        for (uint256 level = 0; level < depth; ++level) {
            uint256 beside = (index >> level) ^ 1;
            bytes32 sibling = (beside << level) >= used ? witness.emptyRoots[level] : witness.takeWord();
            node = beside & 1 == 1 ? hashPair(node, sibling) : hashPair(sibling, node);
        }
        left = witness.end - witness.position;
    }

    function dotProduct(bytes calldata a, uint256 bytesA, bytes calldata b, uint256 bytesB, uint256 count)
        external
        pure
        returns (int256)
    {
        return DotProducts.ofLanes(_positionOf(a), bytesA, _positionOf(b), bytesB, count);
    }

    function plainDotProduct(bytes calldata a, uint256 bytesA, bytes calldata b, uint256 bytesB, uint256 count)
        external
        pure
        returns (int256 sum)
    {
        for (uint256 i = 0; i < count; ++i) {
            sum += readInt(_positionOf(a) + i * bytesA, bytesA) * readInt(_positionOf(b) + i * bytesB, bytesB);
        }
    }

    /// @notice Places an operand of three loops and one check on two rows in turn; returns where it is on the second.
    function placeOnRows(bytes calldata forms, uint256 from, uint256 to, uint256 count)
        external
        pure
        returns (PlacedOperand memory)
    {
        Nest memory nest;
        nest.loops = _loops();
        Operand memory operand;
        operand.formsAt = _positionOf(forms);
        operand.checkCount = 1;
        operand.starts = new int256[](2);
        Row memory row = Loops.startRow(nest);
        row.moving = 2;
        row.count = count;
        Loops.setIndices(nest, row, 0, 3, from);
        OperandMaps.placeOnRow(operand, row);
        row.isFirst = false;
        row.changeCount = 0;
        Loops.setIndices(nest, row, 0, 3, to);
        OperandMaps.placeOnRow(operand, row);
        return PlacedOperand(operand.base, operand.stride, operand.rangeFirst, operand.rangeEnd);
    }

    /// @notice A form of {placeOnRows} at a place, computed from nothing.
    function plainForm(bytes calldata form, uint256 row, uint256 place) external pure returns (int256 value) {
        uint256[] memory loops = _loops();
        uint256[3] memory index = [row / (loops[1] * loops[2]), row / loops[2] % loops[1], row % loops[2] + place];
        value = readInt(_positionOf(form), WORD_BYTES);
        for (uint256 loop = 0; loop < 3; ++loop) {
            value += readInt(_positionOf(form) + (1 + loop) * WORD_BYTES, WORD_BYTES) * int256(index[loop]);
        }
    }

    function _loops() private pure returns (uint256[] memory loops) {
        loops = new uint256[](3);
        (loops[0], loops[1], loops[2]) = (5, 3, 20);
    }

    function _positionOf(bytes calldata data) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := data.offset
        }
    }
}

contract StepVerifierPartsTest is Test {
    StepVerifierParts private parts;

    function setUp() public {
        parts = new StepVerifierParts();
    }

    function testFuzz_MerkleClimbEqualsThePlainLoop(
        bytes32 leaf,
        uint256 index,
        uint256 used,
        uint256 depth,
        bytes32[32] calldata siblings
    ) external view {
        depth = bound(depth, 0, 31);
        index = bound(index, 0, (1 << depth) - 1);
        used = bound(used, 0, 1 << depth);
        bytes memory witness = abi.encodePacked(siblings);
        (bytes32 node, uint256 left) = parts.root(witness, leaf, index, used, depth);
        (bytes32 plainNode, uint256 plainLeft) = parts.plainRoot(witness, leaf, index, used, depth);
        vm.assertEq(node, plainNode);
        vm.assertEq(left, plainLeft);
    }

    function testFuzz_DotProductEqualsThePlainLoop(bytes32[8] calldata seeds, uint256 widths, uint256 count)
        external
        view
    {
        uint256 bytesA = 1 << bound(widths >> 8, 0, 3);
        uint256 bytesB = 1 << bound(widths & 0xff, 0, 3);
        count = bound(count, 0, 16);
        bytes memory a = abi.encodePacked(seeds);
        bytes memory b = abi.encodePacked(keccak256(a), seeds);
        int256 expected = parts.plainDotProduct(a, bytesA, b, bytesB, count);
        vm.assertEq(parts.dotProduct(a, bytesA, b, bytesB, count), expected);
    }

    function testFuzz_RowsHoldWhatTheirFormsAre(
        int64[4] calldata address_,
        int16[4] calldata check,
        uint256 extent,
        uint256 from,
        uint256 to
    ) external view {
        extent = bound(extent, 1, 60);
        (from, to) = (bound(from, 0, 299), bound(to, 0, 299));
        uint256 count = 20 - to % 20;
        bytes memory checked = _words([int64(check[0] % 40), check[1] % 8, check[2] % 8, check[3] % 8]);
        bytes memory addressed = _words(address_);
        bytes memory forms = abi.encodePacked(addressed, uint64(extent), checked);
        PlacedOperand memory placed = parts.placeOnRows(forms, from, to, count);
        vm.assertTrue(placed.rangeFirst <= placed.rangeEnd);
        for (uint256 place = 0; place < count; ++place) {
            int256 coordinate = parts.plainForm(checked, to, place);
            bool isInRange = coordinate >= 0 && coordinate < int256(extent);
            vm.assertEq(place >= placed.rangeFirst && place < placed.rangeEnd, isInRange);
            vm.assertEq(placed.base + placed.stride * int256(place), parts.plainForm(addressed, to, place));
        }
    }

    function _words(int64[4] memory form) private pure returns (bytes memory) {
        return abi.encodePacked(form[0], form[1], form[2], form[3]);
    }
}
