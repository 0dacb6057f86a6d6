// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title L2ToL1MessagePasser
/// @notice Predeploy that records messages to L1. Its storage root is part of every output root, so a message is proven on
///         L1 by a storage proof of {sentMessages}. ABI and storage layout are those of the OP Stack.
contract L2ToL1MessagePasser {
    /// @notice A message to L1 was recorded.
    event MessagePassed(
        uint256 indexed nonce,
        address indexed sender,
        address indexed target,
        uint256 value,
        uint256 gasLimit,
        bytes data,
        bytes32 withdrawalHash
    );

    /// @notice Version in the two highest bytes of every nonce.
    uint16 public constant MESSAGE_VERSION = 1;
    /// @dev Gas limit on L1 of a plain transfer to this contract.
    uint256 internal constant RECEIVE_DEFAULT_GAS_LIMIT = 100_000;

    /// @notice Whether a message of this hash was sent. Slot 0: the portal's proofs rely on it.
    mapping(bytes32 withdrawalHash => bool sent) public sentMessages;
    uint240 private _messageCount;

    /// @notice A plain transfer withdraws to the sender's address on L1.
    receive() external payable {
        initiateWithdrawal(msg.sender, RECEIVE_DEFAULT_GAS_LIMIT, "");
    }

    /// @notice Sends a message, with the call's value, to L1.
    /// @param target Called on L1 when the withdrawal is finalised.
    /// @param gasLimit Least gas for that call.
    /// @param data Call data of that call.
    function initiateWithdrawal(address target, uint256 gasLimit, bytes memory data) public payable {
        uint256 nonce = messageNonce();
        bytes32 withdrawalHash = keccak256(abi.encode(nonce, msg.sender, target, msg.value, gasLimit, data));
        sentMessages[withdrawalHash] = true;
        // INVARIANT: each nonce, and so each withdrawal hash, occurs once.
        _messageCount++;
        emit MessagePassed(nonce, msg.sender, target, msg.value, gasLimit, data, withdrawalHash);
    }

    /// @notice Nonce of the next message: a counter under {MESSAGE_VERSION}.
    function messageNonce() public view returns (uint256) {
        return (uint256(MESSAGE_VERSION) << 240) | _messageCount;
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "1.1.2";
    }
}
