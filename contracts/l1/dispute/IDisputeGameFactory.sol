// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IDisputeGameFactory
/// @notice Where proposals are made and found. ABI, events and errors of the OP Stack.
interface IDisputeGameFactory {
    /// @notice One game in a listing.
    /// @param index Its place in the order of creation.
    /// @param metadata Packed: game type (4 bytes), creation time (8 bytes), address (20 bytes).
    /// @param timestamp Unix time of its creation, in seconds.
    /// @param rootClaim The output root that it claims.
    /// @param extraData What its creator gave with the claim.
    struct GameSearchResult {
        uint256 index;
        bytes32 metadata;
        uint64 timestamp;
        bytes32 rootClaim;
        bytes extraData;
    }

    /// @notice There is a game of this type, claim and extra data already.
    error GameAlreadyExists(bytes32 uuid);
    /// @notice No game of this type can be created.
    error NoImplementation(uint32 gameType);
    /// @notice The value sent is not the bond of this game type.
    error IncorrectBondAmount();
    /// @notice Only the owner may do this.
    error DisputeGameFactory_NotOwner(address caller);
    /// @notice The owner cannot be the zero address.
    error DisputeGameFactory_ZeroOwner();

    /// @notice A game was created.
    event DisputeGameCreated(address indexed disputeProxy, uint32 indexed gameType, bytes32 indexed rootClaim);
    /// @notice Games of a type have another implementation from here on; existing ones keep theirs.
    event ImplementationSet(address indexed impl, uint32 indexed gameType);
    /// @notice Games of a type cost another bond from here on, in wei.
    event InitBondUpdated(uint32 indexed gameType, uint256 indexed newBond);
    /// @notice The owner changed.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Creates a game, with its type's bond as value.
    function create(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        payable
        returns (address proxy);

    /// @notice Sets the implementation of a game type; zero stops new games of it.
    function setImplementation(uint32 gameType, address impl) external;

    /// @notice Sets the bond of a game type, in wei.
    function setInitBond(uint32 gameType, uint256 initBond) external;

    /// @notice The game of this type, claim and extra data, and when it was created; zeros where there is none.
    function games(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        view
        returns (address proxy, uint64 timestamp);

    /// @notice A game by its place in the order of creation.
    function gameAtIndex(uint256 index) external view returns (uint32 gameType, uint64 timestamp, address proxy);

    /// @notice Number of games.
    function gameCount() external view returns (uint256);

    /// @notice Up to `n` games of a type, newest first, from index `start` downwards.
    function findLatestGames(uint32 gameType, uint256 start, uint256 n)
        external
        view
        returns (GameSearchResult[] memory found);

    /// @notice Implementation of a game type; zero where there is none.
    function gameImpls(uint32 gameType) external view returns (address);

    /// @notice Bond of a game type, in wei.
    function initBonds(uint32 gameType) external view returns (uint256);

    /// @notice What a game is found by: keccak256 of its type, claim and extra data.
    function getGameUUID(uint32 gameType, bytes32 rootClaim, bytes calldata extraData) external pure returns (bytes32);
}
