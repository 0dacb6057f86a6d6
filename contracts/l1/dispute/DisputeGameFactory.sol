// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { CloneWithArgs } from "./CloneWithArgs.sol";
import { IDisputeGame } from "./IDisputeGame.sol";
import { IDisputeGameFactory } from "./IDisputeGameFactory.sol";

/// @title DisputeGameFactory
/// @notice Makes and lists games. A game is a proxy whose arguments are its creator, its claim, the L1 block before and the extra
///         data; its address follows from them, so that after a reorg of L1 no other game stands in its place.
contract DisputeGameFactory is IDisputeGameFactory {
    struct Listed {
        uint32 gameType;
        uint64 timestamp;
        address proxy;
    }

    /// @notice Who sets implementations and bonds.
    address public owner;
    /// @inheritdoc IDisputeGameFactory
    mapping(uint32 gameType => address implementation) public gameImpls;
    /// @inheritdoc IDisputeGameFactory
    mapping(uint32 gameType => uint256 bondWei) public initBonds;
    /// @dev Place of a game in the list, from 1, by its uuid.
    mapping(bytes32 uuid => uint256 place) private _places;
    Listed[] private _list;

    modifier onlyOwner() {
        // INVARIANT: only the owner says what a game is.
        require(msg.sender == owner, DisputeGameFactory_NotOwner(msg.sender));
        _;
    }

    constructor(address initialOwner) {
        _setOwner(initialOwner);
    }

    /// @inheritdoc IDisputeGameFactory
    function create(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        payable
        returns (address proxy)
    {
        address implementation = gameImpls[gameType];
        // INVARIANT: a game runs code that the owner chose, and its bond is the stated one.
        require(implementation != address(0), NoImplementation(gameType));
        require(msg.value == initBonds[gameType], IncorrectBondAmount());
        bytes32 uuid = getGameUUID(gameType, rootClaim, extraData);
        // INVARIANT: type, claim and extra data name one game.
        require(_places[uuid] == 0, GameAlreadyExists(uuid));

        bytes32 l1Head = blockhash(block.number - 1);
        bytes memory args = bytes.concat(abi.encode(msg.sender, rootClaim, l1Head), extraData);
        proxy = CloneWithArgs.deploy(implementation, args, uuid);
        _list.push(Listed(gameType, uint64(block.timestamp), proxy));
        _places[uuid] = _list.length;
        // Listed first: a game may ask others to recognise it while it is set up.
        IDisputeGame(proxy).initialize{ value: msg.value }();
        emit DisputeGameCreated(proxy, gameType, rootClaim);
    }

    /// @inheritdoc IDisputeGameFactory
    function setImplementation(uint32 gameType, address impl) external onlyOwner {
        gameImpls[gameType] = impl;
        emit ImplementationSet(impl, gameType);
    }

    /// @inheritdoc IDisputeGameFactory
    function setInitBond(uint32 gameType, uint256 initBond) external onlyOwner {
        initBonds[gameType] = initBond;
        emit InitBondUpdated(gameType, initBond);
    }

    /// @notice Hands the factory over.
    function transferOwnership(address newOwner) external onlyOwner {
        _setOwner(newOwner);
    }

    /// @inheritdoc IDisputeGameFactory
    function games(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        view
        returns (address proxy, uint64 timestamp)
    {
        uint256 place = _places[getGameUUID(gameType, rootClaim, extraData)];
        if (place == 0) return (address(0), 0);
        Listed storage listed = _list[place - 1];
        return (listed.proxy, listed.timestamp);
    }

    /// @inheritdoc IDisputeGameFactory
    function gameAtIndex(uint256 index) external view returns (uint32 gameType, uint64 timestamp, address proxy) {
        Listed storage listed = _list[index];
        return (listed.gameType, listed.timestamp, listed.proxy);
    }

    /// @inheritdoc IDisputeGameFactory
    function gameCount() external view returns (uint256) {
        return _list.length;
    }

    /// @inheritdoc IDisputeGameFactory
    function findLatestGames(uint32 gameType, uint256 start, uint256 n)
        external
        view
        returns (GameSearchResult[] memory found)
    {
        if (start >= _list.length || n == 0) return found;
        found = new GameSearchResult[](n < start + 1 ? n : start + 1);
        uint256 count = 0;
        for (uint256 index = start + 1; index > 0 && count < n; index--) {
            if (_list[index - 1].gameType == gameType) found[count++] = _describe(index - 1);
        }
        // Shrinks the array to what was found.
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "1.2.0";
    }

    /// @inheritdoc IDisputeGameFactory
    function getGameUUID(uint32 gameType, bytes32 rootClaim, bytes calldata extraData) public pure returns (bytes32) {
        return keccak256(abi.encode(gameType, rootClaim, extraData));
    }

    function _describe(uint256 index) internal view returns (GameSearchResult memory) {
        Listed storage listed = _list[index];
        bytes32 metadata = bytes32(abi.encodePacked(listed.gameType, listed.timestamp, listed.proxy));
        IDisputeGame game = IDisputeGame(listed.proxy);
        return GameSearchResult(index, metadata, listed.timestamp, game.rootClaim(), game.extraData());
    }

    function _setOwner(address newOwner) internal {
        // INVARIANT: the factory is never without an owner by mistake.
        require(newOwner != address(0), DisputeGameFactory_ZeroOwner());
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }
}
