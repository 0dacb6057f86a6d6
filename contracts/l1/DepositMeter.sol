// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title DepositMeter
/// @notice Sells the L2 gas of deposits for L1 gas. Deposits are forced into L2 blocks and pay no L2 fee, so without a limit
///         and a price for each L1 block anyone could fill the chain for nothing. Rules and figures are those of the OP
///         Stack's resource metering.
abstract contract DepositMeter {
    /// @notice The market for deposit gas after the latest deposit.
    /// @param prevBaseFee Price of L2 gas, in wei of L1 gas cost per gas.
    /// @param prevBoughtGas L2 gas sold in block `prevBlockNum`.
    /// @param prevBlockNum L1 block of the latest deposit.
    struct ResourceParams {
        uint128 prevBaseFee;
        uint64 prevBoughtGas;
        uint64 prevBlockNum;
    }

    /// @notice The deposits of this L1 block would use more L2 gas than the limit.
    error DepositMeter_GasExhausted(uint256 wanted, uint256 limit);

    /// @notice Most L2 gas that the deposits of one L1 block may use in all.
    uint64 public constant MAX_RESOURCE_LIMIT = 20_000_000;
    /// @dev L2 gas a block at which the price stays as it is.
    int256 internal constant TARGET_RESOURCE = int256(uint256(MAX_RESOURCE_LIMIT)) / 10;
    /// @dev The price changes by at most one part in this many, per block and multiple of the target.
    int256 internal constant MAX_CHANGE_DENOMINATOR = 8;
    /// @dev Least price, in wei per L2 gas.
    uint256 internal constant MINIMUM_BASE_FEE = 1 gwei;
    uint256 private constant WAD = 1e18;

    /// @notice See {ResourceParams}.
    ResourceParams public params;

    constructor() {
        params = ResourceParams(uint128(MINIMUM_BASE_FEE), 0, uint64(block.number));
    }

    /// @dev Runs the function, then burns what is missing of the L1 gas that `gasLimit` L2 gas costs.
    modifier metered(uint64 gasLimit) {
        uint256 gasBefore = gasleft();
        _;
        _buy(gasLimit, gasBefore);
    }

    function _buy(uint64 gasLimit, uint256 gasBefore) private {
        ResourceParams memory market = _marketNow(params);
        uint256 bought = uint256(market.prevBoughtGas) + gasLimit;
        // INVARIANT: the deposits of one L1 block fit into one L2 block.
        require(bought <= MAX_RESOURCE_LIMIT, DepositMeter_GasExhausted(bought, MAX_RESOURCE_LIMIT));
        market.prevBoughtGas = uint64(bought);
        params = market;

        uint256 l1Price = block.basefee > MINIMUM_BASE_FEE ? block.basefee : MINIMUM_BASE_FEE;
        _burnSince(gasBefore, (uint256(gasLimit) * market.prevBaseFee) / l1Price);
    }

    /// @dev The market in this block: the price moves once by the last block's sales, then falls for each block without any.
    function _marketNow(ResourceParams memory market) internal view returns (ResourceParams memory) {
        uint256 elapsed = block.number - market.prevBlockNum;
        if (elapsed == 0) return market;
        int256 fee = int256(uint256(market.prevBaseFee));
        int256 excess = int256(uint256(market.prevBoughtGas)) - TARGET_RESOURCE;
        uint256 moved = _clampFee(fee + (fee * excess) / (TARGET_RESOURCE * MAX_CHANGE_DENOMINATOR));
        uint256 decayed = (moved * _power(WAD - WAD / uint256(MAX_CHANGE_DENOMINATOR), elapsed - 1)) / WAD;
        return ResourceParams(uint128(_clampFee(int256(decayed))), 0, uint64(block.number));
    }

    function _clampFee(int256 fee) private pure returns (uint256) {
        if (fee < int256(MINIMUM_BASE_FEE)) return MINIMUM_BASE_FEE;
        return fee > int256(uint256(type(uint128).max)) ? type(uint128).max : uint256(fee);
    }

    /// @dev base^exponent by squaring, both base and result in units of 1e-18, rounding down.
    function _power(uint256 base, uint256 exponent) private pure returns (uint256 result) {
        result = WAD;
        for (; exponent > 0; exponent >>= 1) {
            if (exponent & 1 == 1) result = (result * base) / WAD;
            base = (base * base) / WAD;
        }
    }

    /// @dev Spends gas until `amount` was spent since gasleft() was `gasBefore`.
    function _burnSince(uint256 gasBefore, uint256 amount) private view {
        while (gasBefore - gasleft() < amount) { }
    }
}
