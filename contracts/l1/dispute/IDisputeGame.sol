// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice How a game of the factory stands. The numbers are the OP Stack's.
enum GameStatus {
    IN_PROGRESS,
    CHALLENGER_WINS,
    DEFENDER_WINS
}

/// @title IDisputeGame
/// @notice What the factory, the anchor registry, the portal and tools ask of a game. ABI of the OP Stack.
interface IDisputeGame {
    /// @notice The game was resolved.
    event Resolved(GameStatus indexed status);

    /// @notice Sets the game up. Only the factory calls it, once, with the bond.
    function initialize() external payable;

    /// @notice Decides the game as it stands, once that can be done.
    function resolve() external returns (GameStatus);

    /// @notice How it stands.
    function status() external view returns (GameStatus);

    /// @notice Its type in the factory.
    function gameType() external view returns (uint32);

    /// @notice Who created it.
    function gameCreator() external view returns (address);

    /// @notice The output root that it claims.
    function rootClaim() external view returns (bytes32);

    /// @notice Hash of the L1 block before its creation: the claim is judged by what L1 said up to there.
    function l1Head() external view returns (bytes32);

    /// @notice Number of the L2 block that the claim is about.
    function l2SequenceNumber() external view returns (uint256);

    /// @notice What its creator gave with the claim.
    function extraData() external view returns (bytes memory);

    /// @notice Type, claim and extra data: what it is found by in the factory.
    function gameData() external view returns (uint32 gameType, bytes32 rootClaim, bytes memory extraData);

    /// @notice Unix time of its creation, in seconds.
    function createdAt() external view returns (uint64);

    /// @notice Unix time of its resolution, in seconds; 0 before.
    function resolvedAt() external view returns (uint64);

    /// @notice Whether withdrawals relied on its type when it was created.
    function wasRespectedGameTypeWhenCreated() external view returns (bool);
}
