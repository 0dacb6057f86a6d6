// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Added to the L1 address of a contract to get its address as a sender on L2, so that nobody can pose on L2 as a
///      contract that happens to have the same address there. Value of the OP Stack.
uint160 constant CONTRACT_ALIAS_OFFSET = uint160(0x1111000000000000000000000000000000001111);

/// @dev The first three bytes of the code of an account that delegates by EIP-7702; an address follows.
bytes3 constant DELEGATION_PREFIX = 0xef0100;

/// @notice The L2 sender of a deposit that `sender` makes: itself if a key controls it, else its alias.
/// @dev An account that delegates by EIP-7702 has code, yet its key controls it.
function depositSender(address sender) view returns (address) {
    return isKeyed(sender) ? sender : aliasOf(sender);
}

/// @notice The address under which an L1 contract acts on L2.
function aliasOf(address l1Contract) pure returns (address) {
    unchecked {
        return address(uint160(l1Contract) + CONTRACT_ALIAS_OFFSET);
    }
}

/// @notice Whether the caller of the running contract is an account with a key rather than a contract.
function isKeyed(address caller) view returns (bool) {
    // Only an account with a key starts a transaction.
    if (caller == tx.origin) return true;
    bytes memory code = caller.code;
    return code.length == 23 && bytes3(code) == DELEGATION_PREFIX;
}
