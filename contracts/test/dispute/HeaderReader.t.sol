// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { HeaderReader } from "../../l1/dispute/HeaderReader.sol";
import { Test } from "../support/Test.sol";
import { HeaderWriter } from "./support/HeaderWriter.sol";

contract HeaderReaderTest is Test {
    bytes32 internal constant STATE = keccak256("state");
    bytes32 internal constant EXTRA = keccak256("extra");

    function read(bytes calldata rlp) external pure returns (HeaderReader.Header memory) {
        return HeaderReader.read(rlp);
    }

    function expectMalformed(bytes memory rlp) internal view {
        try this.read(rlp) {
            revert("read");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(HeaderReader.HeaderReader_Malformed.selector));
        }
    }

    function testFuzzReadsAHeader(uint64 number, bytes32 state, bytes32 extra) public view {
        HeaderReader.Header memory header = this.read(HeaderWriter.header(number, state, extra));
        vm.assertEq(header.number, number);
        vm.assertEq(header.stateRoot, state);
        vm.assertEq(header.extraData, extra);
    }

    function testRefusesEveryTruncation() public view {
        bytes memory rlp = HeaderWriter.header(200, STATE, EXTRA);
        for (uint256 length = rlp.length; length > 0; length--) {
            assembly ("memory-safe") {
                mstore(rlp, sub(length, 1))
            }
            expectMalformed(rlp);
        }
    }

    function testFuzzRefusesAppendedBytes(bytes memory more) public view {
        vm.assume(more.length > 0);
        expectMalformed(bytes.concat(HeaderWriter.header(200, STATE, EXTRA), more));
    }

    function testFuzzNeverPanicsOnGarbage(bytes memory garbage) public view {
        try this.read(garbage) { }
        catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(HeaderReader.HeaderReader_Malformed.selector));
        }
    }

    function testFuzzNeverPanicsOnAChangedByte(uint256 place, uint8 value) public view {
        bytes memory rlp = HeaderWriter.header(200, STATE, EXTRA);
        rlp[place % rlp.length] = bytes1(value);
        try this.read(rlp) { }
        catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(HeaderReader.HeaderReader_Malformed.selector));
        }
    }

    /// @dev Fields before the number, then the number in the given bytes, then the rest of a header.
    function withNumber(bytes memory number) internal pure returns (bytes memory) {
        bytes memory word = HeaderWriter.word(STATE);
        bytes memory three = bytes.concat(word, word, word);
        bytes memory head = bytes.concat(three, word, word, word, hex"80", hex"80");
        return HeaderWriter.list(bytes.concat(head, number, three, HeaderWriter.word(EXTRA)));
    }

    function testReadsTheNumberInItsShortestFormOnly() public view {
        vm.assertEq(this.read(withNumber(hex"80")).number, 0);
        vm.assertEq(this.read(withNumber(hex"7f")).number, 127);
        vm.assertEq(this.read(withNumber(hex"8180")).number, 128);
        vm.assertEq(this.read(withNumber(hex"88ffffffffffffffff")).number, type(uint64).max);
        expectMalformed(withNumber(hex"00"));
        expectMalformed(withNumber(hex"817f"));
        expectMalformed(withNumber(hex"820001"));
        expectMalformed(withNumber(hex"89010000000000000000"));
        expectMalformed(withNumber(hex"b801ff"));
        expectMalformed(withNumber(hex"c0"));
        expectMalformed(withNumber(hex"c101"));
    }

    function testRefusesLengthsThatAreNotInTheirShortestForm() public view {
        bytes memory payload = new bytes(100);
        expectMalformed(bytes.concat(hex"f90064", payload));
        expectMalformed(bytes.concat(hex"fb00000064", payload));
        expectMalformed(bytes.concat(hex"f837", new bytes(55)));
        expectMalformed(bytes.concat(hex"b864", payload));
    }

    function testNeedsItsFields() public view {
        // Twelve fields: the extra data is missing.
        bytes memory word = HeaderWriter.word(STATE);
        bytes memory three = bytes.concat(word, word, word);
        expectMalformed(HeaderWriter.list(bytes.concat(three, three, three, three)));
    }
}
