// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title HeaderWriter
/// @notice RLP of block headers, for tests.
library HeaderWriter {
    /// @dev A header of today's shape, all other fields filled with something.
    function header(uint256 number, bytes32 stateRoot, bytes32 extraData) internal pure returns (bytes memory) {
        bytes memory hashes = bytes.concat(
            word(keccak256(abi.encode("parent", number))),
            word(keccak256("ommers")),
            string_(abi.encodePacked(address(0x11))),
            word(stateRoot),
            word(keccak256("transactions")),
            word(keccak256("receipts"))
        );
        bytes memory numbers = bytes.concat(
            string_(new bytes(256)),
            integer(0),
            integer(number),
            integer(60_000_000),
            integer(0),
            integer(1_800_000_000 + number)
        );
        bytes memory rest = bytes.concat(
            word(extraData), word(keccak256("mix")), string_(new bytes(8)), integer(7), word(keccak256("withdrawals"))
        );
        return list(bytes.concat(hashes, numbers, rest));
    }

    function list(bytes memory payload) internal pure returns (bytes memory) {
        return bytes.concat(prefix(0xc0, payload.length), payload);
    }

    function string_(bytes memory content) internal pure returns (bytes memory) {
        if (content.length == 1 && uint8(content[0]) < 0x80) return content;
        return bytes.concat(prefix(0x80, content.length), content);
    }

    function word(bytes32 content) internal pure returns (bytes memory) {
        return string_(abi.encode(content));
    }

    function integer(uint256 value) internal pure returns (bytes memory) {
        return string_(bigEndian(value));
    }

    function prefix(uint8 base, uint256 length) internal pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(base + uint8(length));
        bytes memory digits = bigEndian(length);
        return abi.encodePacked(base + 55 + uint8(digits.length), digits);
    }

    /// @dev No leading zeros; empty for zero.
    function bigEndian(uint256 value) internal pure returns (bytes memory digits) {
        for (; value > 0; value >>= 8) {
            digits = abi.encodePacked(uint8(value), digits);
        }
    }
}
