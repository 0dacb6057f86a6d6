// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DepositMeter } from "./DepositMeter.sol";
import { depositSender } from "./DepositSender.sol";

/// @notice What L1 can prove of the rollup.
/// @dev INFERENCE_ONLY: that a listed inference is false, but not that a state root or the list itself is. Proposers are on an
///      allow-list, and a guardian rules on everything else.
enum ProofSystem {
    NONE,
    INFERENCE_ONLY,
    EXECUTION
}

/// @title OptimismPortal
/// @notice The door from L1 to L2: every TransactionDeposited event of this contract becomes an L2 transaction, which no
///         sequencer can leave out. ABI, event and rules are those of the OP Stack.
contract OptimismPortal is DepositMeter {
    /// @notice A contract creation has no target.
    error OptimismPortal_BadTarget();
    /// @notice The deposit's gas limit is below the least for its data.
    error OptimismPortal_GasLimitTooLow(uint64 minimum, uint64 got);
    /// @notice The deposit's data is longer than the limit, in bytes.
    error OptimismPortal_CalldataTooLarge(uint256 got, uint256 limit);

    /// @notice A transaction was deposited.
    /// @param from Its L2 sender: an aliased address where a contract made the deposit.
    /// @param to Its target; of no meaning for a creation.
    /// @param version Encoding of `opaqueData`; 0.
    /// @param opaqueData Packed: uint256 mint, uint256 value, uint64 gasLimit, bool isCreation, bytes data.
    event TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData);

    uint256 internal constant DEPOSIT_VERSION = 0;
    /// @dev L2 gas limit of a plain transfer to this contract.
    uint64 internal constant RECEIVE_DEFAULT_GAS_LIMIT = 100_000;
    /// @dev Most bytes of data in a deposit, as for a transaction that peers would relay.
    uint256 internal constant MAX_DATA_BYTES = 120_000;

    /// @notice A plain transfer deposits to the sender's address on L2. A contract should call {depositTransaction}, since
    ///         it may not control its own address there.
    receive() external payable {
        depositTransaction(msg.sender, msg.value, RECEIVE_DEFAULT_GAS_LIMIT, false, "");
    }

    /// @notice What stands behind the outputs that this portal relies on.
    function proofSystem() external pure returns (ProofSystem) {
        return ProofSystem.INFERENCE_ONLY;
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "5.0.0";
    }

    /// @notice Makes an L2 transaction from the caller. The wei sent with the call are minted to its sender on L2, whether it
    ///         succeeds there or not.
    /// @param to Its target; zero for a creation.
    /// @param value Wei that it carries on L2.
    /// @param gasLimit Its gas limit on L2, paid for by gas burnt here.
    /// @param isCreation Whether it creates a contract of `data`.
    /// @param data Its call data or creation code.
    function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes memory data)
        public
        payable
        metered(gasLimit)
    {
        // INVARIANT: an L2 transaction has a target or creates.
        require(!isCreation || to == address(0), OptimismPortal_BadTarget());
        // INVARIANT: a deposit pays at least for its own bytes.
        uint64 minimum = minimumGasLimit(uint64(data.length));
        require(gasLimit >= minimum, OptimismPortal_GasLimitTooLow(minimum, gasLimit));
        // INVARIANT: every node can carry a deposit.
        require(data.length <= MAX_DATA_BYTES, OptimismPortal_CalldataTooLarge(data.length, MAX_DATA_BYTES));

        bytes memory opaqueData = abi.encodePacked(msg.value, value, gasLimit, isCreation, data);
        emit TransactionDeposited(depositSender(msg.sender), to, DEPOSIT_VERSION, opaqueData);
    }

    /// @notice Least gas limit of a deposit with this much data: a transfer and the floor price of its bytes (EIP-7623).
    function minimumGasLimit(uint64 dataBytes) public pure returns (uint64) {
        return dataBytes * 40 + 21_000;
    }
}
