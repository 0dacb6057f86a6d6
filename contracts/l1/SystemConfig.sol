// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SystemConfig
/// @notice What derivation takes from L1 besides data: who posts batches, and the L2 block gas limit. Nodes follow the
///         ConfigUpdate events. ABI and events are those of the OP Stack.
contract SystemConfig {
    /// @notice What a ConfigUpdate changes. The numbers are the OP Stack's; those that do not occur here keep their place.
    enum UpdateType {
        BATCHER,
        FEE_SCALARS,
        GAS_LIMIT
    }

    /// @notice Only the owner may do this.
    error SystemConfig_NotOwner(address caller);
    /// @notice The owner cannot be the zero address.
    error SystemConfig_ZeroOwner();
    /// @notice The gas limit is outside what the chain can run on.
    error SystemConfig_GasLimitRange(uint64 minimum, uint64 maximum, uint64 got);

    /// @notice A value changed; `data` is its ABI encoding.
    event ConfigUpdate(uint256 indexed version, UpdateType indexed updateType, bytes data);
    /// @notice The owner changed.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Version of the ConfigUpdate encoding.
    uint256 public constant VERSION = 0;
    /// @notice Least L2 block gas limit: the deposits of one L1 block (DepositMeter's limit) and the L1 attributes
    ///         transaction.
    uint64 public constant minimumGasLimit = 21_000_000;
    /// @notice Greatest L2 block gas limit.
    uint64 public constant maximumGasLimit = 500_000_000;

    /// @notice Who may change the values.
    address public owner;
    /// @notice The batcher: its address, left-padded to 32 bytes (version 0).
    bytes32 public batcherHash;
    /// @notice Gas limit of L2 blocks.
    uint64 public gasLimit;

    modifier onlyOwner() {
        // INVARIANT: only the owner steers the chain.
        require(msg.sender == owner, SystemConfig_NotOwner(msg.sender));
        _;
    }

    constructor(address initialOwner, address batcher, uint64 initialGasLimit) {
        _setOwner(initialOwner);
        _setBatcherHash(bytes32(uint256(uint160(batcher))));
        _setGasLimit(initialGasLimit);
    }

    /// @notice Replaces the batcher, from the L1 block of this call on.
    function setBatcherHash(bytes32 newBatcherHash) external onlyOwner {
        _setBatcherHash(newBatcherHash);
    }

    /// @notice Replaces the L2 block gas limit, from the L1 block of this call on.
    function setGasLimit(uint64 newGasLimit) external onlyOwner {
        _setGasLimit(newGasLimit);
    }

    /// @notice Hands the contract over.
    function transferOwnership(address newOwner) external onlyOwner {
        _setOwner(newOwner);
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "3.0.0";
    }

    function _setBatcherHash(bytes32 newBatcherHash) internal {
        batcherHash = newBatcherHash;
        emit ConfigUpdate(VERSION, UpdateType.BATCHER, abi.encode(newBatcherHash));
    }

    function _setGasLimit(uint64 newGasLimit) internal {
        // INVARIANT: a block has room for the forced transactions, and nodes can keep up with it.
        require(
            newGasLimit >= minimumGasLimit && newGasLimit <= maximumGasLimit,
            SystemConfig_GasLimitRange(minimumGasLimit, maximumGasLimit, newGasLimit)
        );
        gasLimit = newGasLimit;
        emit ConfigUpdate(VERSION, UpdateType.GAS_LIMIT, abi.encode(newGasLimit));
    }

    function _setOwner(address newOwner) internal {
        // INVARIANT: the chain is never without an owner by mistake.
        require(newOwner != address(0), SystemConfig_ZeroOwner());
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }
}
