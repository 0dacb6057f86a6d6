// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title HeaderReader
/// @notice Reads what disputes need from the RLP of a block header.
/// @dev Strict: one list of byte strings in canonical form, nothing after it. A header is known by its hash, so all that a
///      laxer reader could add is a second reading of one header.
library HeaderReader {
    /// @notice What disputes need of a header.
    struct Header {
        bytes32 stateRoot;
        uint256 number;
        bytes32 extraData;
    }

    /// @notice The bytes are not a block header; `offset` is where that shows.
    error HeaderReader_Malformed(uint256 offset);

    uint256 private constant STATE_ROOT_FIELD = 3;
    uint256 private constant NUMBER_FIELD = 8;
    uint256 private constant EXTRA_DATA_FIELD = 12;

    /// @notice Decodes a header.
    function read(bytes calldata rlp) internal pure returns (Header memory header) {
        uint256 offset = _listStart(rlp);
        uint256 field = 0;
        while (offset < rlp.length) {
            (uint256 start, uint256 end) = _stringAt(rlp, offset);
            if (field == STATE_ROOT_FIELD) header.stateRoot = _word(rlp, start, end);
            else if (field == NUMBER_FIELD) header.number = _integer(rlp, start, end);
            else if (field == EXTRA_DATA_FIELD) header.extraData = _word(rlp, start, end);
            offset = end;
            field++;
        }
        // INVARIANT: no field that is read is missing.
        require(field > EXTRA_DATA_FIELD, HeaderReader_Malformed(offset));
    }

    /// @dev Offset of the list's first item; the list is as long as the bytes.
    function _listStart(bytes calldata rlp) private pure returns (uint256 start) {
        // A header has more than 55 bytes, so its list is a long one.
        require(rlp.length > 0 && uint8(rlp[0]) > 0xf7, HeaderReader_Malformed(0));
        uint256 length;
        (start, length) = _longLength(rlp, 0, uint8(rlp[0]) - 0xf7);
        // INVARIANT: nothing hides behind the header.
        require(start + length == rlp.length, HeaderReader_Malformed(0));
    }

    /// @dev Where the content of the string at `offset` starts and ends.
    function _stringAt(bytes calldata rlp, uint256 offset) private pure returns (uint256 start, uint256 end) {
        uint256 prefix = uint8(rlp[offset]);
        // INVARIANT: a header holds no lists.
        require(prefix < 0xc0, HeaderReader_Malformed(offset));
        if (prefix < 0x80) return (offset, offset + 1);
        uint256 length = prefix - 0x80;
        start = offset + 1;
        if (prefix > 0xb7) (start, length) = _longLength(rlp, offset, prefix - 0xb7);
        end = start + length;
        // INVARIANT: a string ends inside the header.
        require(end <= rlp.length, HeaderReader_Malformed(offset));
        // INVARIANT: a small byte stands for itself.
        require(length != 1 || uint8(rlp[start]) >= 0x80, HeaderReader_Malformed(offset));
    }

    /// @dev A length of more than 55, in the `size` bytes after the prefix at `offset`.
    function _longLength(bytes calldata rlp, uint256 offset, uint256 size)
        private
        pure
        returns (uint256 start, uint256 length)
    {
        start = offset + 1 + size;
        // INVARIANT: a length takes one to three bytes, which are there, and is in its shortest form.
        require(size <= 3 && start <= rlp.length && rlp[offset + 1] != 0, HeaderReader_Malformed(offset));
        for (uint256 i = offset + 1; i < start; i++) {
            length = (length << 8) | uint8(rlp[i]);
        }
        require(length > 55, HeaderReader_Malformed(offset));
    }

    function _word(bytes calldata rlp, uint256 start, uint256 end) private pure returns (bytes32) {
        // INVARIANT: a hash has 32 bytes.
        require(end - start == 32, HeaderReader_Malformed(start));
        return bytes32(rlp[start:end]);
    }

    function _integer(bytes calldata rlp, uint256 start, uint256 end) private pure returns (uint256 value) {
        // INVARIANT: a number has at most 8 bytes and no leading zero.
        require(end - start <= 8 && (end == start || rlp[start] != 0), HeaderReader_Malformed(start));
        for (uint256 i = start; i < end; i++) {
            value = (value << 8) | uint8(rlp[i]);
        }
    }
}
