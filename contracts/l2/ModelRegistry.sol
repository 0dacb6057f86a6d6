// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    MAX_MODEL_CHUNKS,
    MAX_MODEL_CHUNK_BYTES,
    MAX_MODEL_GRAPH_BYTES,
    MODEL_STORE_PRECOMPILE
} from "../shared/Constants.sol";
import { IModelStore, IModelStoreErrors } from "./IModelStore.sol";

/// @title ModelRegistry
/// @notice Predeploy through which anyone puts a model on chain: commit to it blindly, upload its graph in chunks, activate.
///         From then on every contract can run it, for good. A model belongs to its earliest committer, so a rival who copies
///         the uploaded chunks gains nothing.
/// @dev The inference precompile reads slot 0 of this contract straight from the state: `_active` must stay first.
contract ModelRegistry is IModelStoreErrors {
    /// @notice A blinded claim to a model.
    /// @param sequence Its place among all commitments, from 1; 0 means that there is none.
    /// @param committedAt Unix time of its block, in seconds.
    /// @param blockNumber Its block.
    struct Commitment {
        uint64 sequence;
        uint64 committedAt;
        uint64 blockNumber;
    }

    /// @notice An active model.
    /// @param owner Who holds the rights.
    /// @param deprecated Whether the owner advises against new use. Informational: a deprecated model still runs.
    /// @param activatedAt Unix time of activation, in seconds.
    /// @param rightsSequence Sequence of the commitment that the rights rest on.
    /// @param rightsFinalAt Unix time after which no earlier commitment can claim the model any more.
    /// @param pendingOwner Whom the owner offers the model to, if anyone.
    /// @param graphHash keccak256 of the graph's canonical bytes.
    /// @param metadataURI Labels, scales and documents for people.
    struct Model {
        address owner;
        bool deprecated;
        uint64 activatedAt;
        uint64 rightsSequence;
        uint64 rightsFinalAt;
        address pendingOwner;
        bytes32 graphHash;
        string metadataURI;
    }

    /// @notice The caller already has a live commitment of this hash.
    error ModelRegistry_CommitmentExists(bytes32 commitment);
    /// @notice The caller never made this commitment, or has revealed it.
    error ModelRegistry_CommitmentMissing(bytes32 commitment);
    /// @notice A commitment can be revealed only after the block it was made in.
    error ModelRegistry_CommitmentTooNew(uint256 blockNumber);
    /// @notice The commitment was not revealed in time.
    error ModelRegistry_CommitmentExpired(uint256 expiredAt);
    /// @notice The model is active already: there is nothing to upload or activate.
    error ModelRegistry_AlreadyActive(bytes32 modelId);
    /// @notice No such model is active.
    error ModelRegistry_NotActive(bytes32 modelId);
    /// @notice A chunk is empty or longer than the limit, in bytes.
    error ModelRegistry_ChunkSize(uint256 got, uint256 limit);
    /// @notice A chunk's index is not below the limit.
    error ModelRegistry_ChunkIndex(uint256 got, uint256 limit);
    /// @notice The number of chunks is zero or over the limit.
    error ModelRegistry_ChunkCount(uint256 got, uint256 limit);
    /// @notice The caller has not uploaded this chunk of the model.
    error ModelRegistry_ChunkNotUploaded(uint256 index);
    /// @notice The graph's size is zero or over the limit, in bytes.
    error ModelRegistry_GraphSize(uint256 got, uint256 limit);
    /// @notice The metadata URI is over the limit, in bytes.
    error ModelRegistry_MetadataSize(uint256 got, uint256 limit);
    /// @notice Only the model's owner may do this.
    error ModelRegistry_NotOwner(bytes32 modelId, address caller);
    /// @notice The model was not offered to the caller.
    error ModelRegistry_NotPendingOwner(bytes32 modelId, address caller);
    /// @notice The model's rights rest on an earlier commitment than this one.
    error ModelRegistry_NotEarlier(uint256 sequence, uint256 rightsSequence);

    /// @notice A blinded claim was made.
    event Committed(address indexed committer, bytes32 indexed commitment, uint256 sequence);
    /// @notice One chunk of a model was stored.
    event ChunkUploaded(bytes32 indexed modelId, address indexed owner, uint256 index, bytes32 chunkHash);
    /// @notice A model can be run from here on.
    event ModelActivated(bytes32 indexed modelId, address indexed owner, bytes32 graphHash, string metadataURI);
    /// @notice The model has a new owner, by a claim with an earlier commitment or by a transfer.
    event OwnerChanged(bytes32 indexed modelId, address indexed previousOwner, address indexed newOwner);
    /// @notice The owner offers the model; `to` zero withdraws the offer.
    event OwnershipOffered(bytes32 indexed modelId, address indexed owner, address indexed to);
    /// @notice The owner changed the model's metadata.
    event MetadataChanged(bytes32 indexed modelId, string metadataURI);
    /// @notice The owner deprecated the model, or took that back.
    event DeprecationChanged(bytes32 indexed modelId, bool deprecated);

    /// @notice How long a commitment can be revealed, in seconds: time for a long upload, and then rights are final.
    uint256 public constant COMMITMENT_LIFETIME_SECONDS = 7 days;
    /// @notice Longest metadata URI, in bytes.
    uint256 public constant MAX_METADATA_BYTES = 2048;

    /// @dev Slot 0, which the inference precompile reads: non-zero = active. Never cleared, because past inferences must
    ///      stay provable.
    mapping(bytes32 modelId => uint256 flag) private _active;
    mapping(bytes32 modelId => Model model) private _models;
    bytes32[] private _modelIds;
    mapping(address committer => mapping(bytes32 commitment => Commitment record)) private _commitments;
    mapping(address owner => mapping(bytes32 modelId => mapping(uint256 index => bytes32 chunkHash))) private _chunks;
    uint64 private _commitmentCount;

    modifier onlyOwner(bytes32 modelId) {
        _requireActive(modelId);
        // INVARIANT: only its owner changes what is said about a model.
        require(msg.sender == _models[modelId].owner, ModelRegistry_NotOwner(modelId, msg.sender));
        _;
    }

    /// @notice Claims a model without naming it. Commit before the first chunk is uploaded: uploads show what the model is.
    /// @param commitment {commitmentHash} of the caller, the model and a secret salt.
    function commit(bytes32 commitment) external {
        Commitment storage record = _commitments[msg.sender][commitment];
        // INVARIANT: a live commitment keeps its place; only an expired one may be made anew.
        require(record.sequence == 0 || _expiryOf(record) < block.timestamp, ModelRegistry_CommitmentExists(commitment));
        uint64 sequence = ++_commitmentCount;
        _commitments[msg.sender][commitment] = Commitment(sequence, uint64(block.timestamp), uint64(block.number));
        emit Committed(msg.sender, commitment, sequence);
    }

    /// @notice Stores chunk `index` of a model's graph in the caller's upload session, replacing an earlier one.
    function uploadChunk(bytes32 modelId, uint256 index, bytes calldata chunk) external returns (bytes32 chunkHash) {
        _requireInactive(modelId);
        // INVARIANT: sessions are bounded.
        require(index < MAX_MODEL_CHUNKS, ModelRegistry_ChunkIndex(index, MAX_MODEL_CHUNKS));
        require(
            chunk.length > 0 && chunk.length <= MAX_MODEL_CHUNK_BYTES,
            ModelRegistry_ChunkSize(chunk.length, MAX_MODEL_CHUNK_BYTES)
        );
        chunkHash = IModelStore(MODEL_STORE_PRECOMPILE).storeChunk(chunk);
        _chunks[msg.sender][modelId][index] = chunkHash;
        emit ChunkUploaded(modelId, msg.sender, index, chunkHash);
    }

    /// @notice Checks the model that the caller uploaded and, if it is what its id says, makes it runnable for everyone.
    /// @param modelId The model's id, as computed by its publisher.
    /// @param salt The salt of the caller's commitment, at least one block old.
    /// @param chunkCount Chunks 0 … chunkCount − 1 of the caller's session are the graph.
    /// @param graphBytes Exact size of the graph. Gas is charged by it, before any work.
    /// @param metadataURI Labels, scales and documents for people; may be empty.
    function activate(
        bytes32 modelId,
        bytes32 salt,
        uint256 chunkCount,
        uint256 graphBytes,
        string calldata metadataURI
    ) external {
        _requireInactive(modelId);
        // INVARIANT: what activation must load is bounded.
        require(
            graphBytes > 0 && graphBytes <= MAX_MODEL_GRAPH_BYTES,
            ModelRegistry_GraphSize(graphBytes, MAX_MODEL_GRAPH_BYTES)
        );
        _requireMetadataSize(metadataURI);
        Commitment memory commitment = _reveal(modelId, salt);
        bytes32[] memory hashes = _takeChunks(modelId, chunkCount);
        (bytes32 graphHash,) = IModelStore(MODEL_STORE_PRECOMPILE).activate(modelId, hashes, graphBytes);

        _active[modelId] = 1;
        _modelIds.push(modelId);
        Model storage model = _models[modelId];
        model.activatedAt = uint64(block.timestamp);
        model.graphHash = graphHash;
        model.metadataURI = metadataURI;
        _grant(model, commitment);
        emit ModelActivated(modelId, msg.sender, graphHash, metadataURI);
    }

    /// @notice Takes over a model that somebody with a later commitment activated first.
    function claim(bytes32 modelId, bytes32 salt) external {
        _requireActive(modelId);
        Commitment memory commitment = _reveal(modelId, salt);
        Model storage model = _models[modelId];
        // INVARIANT: rights only ever move to an earlier commitment.
        require(
            commitment.sequence < model.rightsSequence,
            ModelRegistry_NotEarlier(commitment.sequence, model.rightsSequence)
        );
        address previousOwner = model.owner;
        _grant(model, commitment);
        emit OwnerChanged(modelId, previousOwner, msg.sender);
    }

    /// @notice Offers the model to `to`, who must accept; zero withdraws the offer. A buyer should wait for
    ///         `rightsFinalAt`, since until then an earlier commitment can still claim the model.
    function offerOwnership(bytes32 modelId, address to) external onlyOwner(modelId) {
        _models[modelId].pendingOwner = to;
        emit OwnershipOffered(modelId, msg.sender, to);
    }

    /// @notice Takes the model that its owner offered to the caller.
    function acceptOwnership(bytes32 modelId) external {
        Model storage model = _models[modelId];
        // INVARIANT: a transfer needs both sides.
        require(msg.sender == model.pendingOwner, ModelRegistry_NotPendingOwner(modelId, msg.sender));
        address previousOwner = model.owner;
        model.owner = msg.sender;
        model.pendingOwner = address(0);
        emit OwnerChanged(modelId, previousOwner, msg.sender);
    }

    /// @notice Replaces the model's metadata URI.
    function setMetadata(bytes32 modelId, string calldata metadataURI) external onlyOwner(modelId) {
        _requireMetadataSize(metadataURI);
        _models[modelId].metadataURI = metadataURI;
        emit MetadataChanged(modelId, metadataURI);
    }

    /// @notice Says whether the model should no longer be used for new purposes. It runs on either way.
    function setDeprecated(bytes32 modelId, bool deprecated) external onlyOwner(modelId) {
        _models[modelId].deprecated = deprecated;
        emit DeprecationChanged(modelId, deprecated);
    }

    /// @notice Whether contracts can run this model.
    function isActive(bytes32 modelId) external view returns (bool) {
        return _active[modelId] != 0;
    }

    /// @notice What is known of an active model. Reverts for any other.
    function getModel(bytes32 modelId) external view returns (Model memory) {
        _requireActive(modelId);
        return _models[modelId];
    }

    /// @notice Number of active models.
    function modelCount() external view returns (uint256) {
        return _modelIds.length;
    }

    /// @notice Id of an active model, in order of activation.
    function modelAt(uint256 index) external view returns (bytes32) {
        return _modelIds[index];
    }

    /// @notice Up to `count` model ids from `start`, in order of activation; fewer at the end of the list.
    function modelIds(uint256 start, uint256 count) external view returns (bytes32[] memory ids) {
        uint256 total = _modelIds.length;
        uint256 available = start < total ? total - start : 0;
        ids = new bytes32[](count < available ? count : available);
        for (uint256 i = 0; i < ids.length; i++) {
            ids[i] = _modelIds[start + i];
        }
    }

    /// @notice Hash of a chunk in an owner's upload session; zero where none is. A client resumes an upload by it.
    function uploadedChunk(address owner, bytes32 modelId, uint256 index) external view returns (bytes32 chunkHash) {
        return _chunks[owner][modelId][index];
    }

    /// @notice A commitment that was not revealed yet; all zero where none is.
    function getCommitment(address committer, bytes32 commitment) external view returns (Commitment memory) {
        return _commitments[committer][commitment];
    }

    /// @notice The hash to {commit} to.
    /// @param salt 32 secret random bytes: they keep the commitment from being guessed.
    function commitmentHash(address owner, bytes32 modelId, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(owner, modelId, salt));
    }

    /// @dev Checks and uses up the caller's commitment to a model.
    function _reveal(bytes32 modelId, bytes32 salt) internal returns (Commitment memory commitment) {
        bytes32 hash = commitmentHash(msg.sender, modelId, salt);
        commitment = _commitments[msg.sender][hash];
        // INVARIANT: rights rest on a commitment that the caller itself made.
        require(commitment.sequence != 0, ModelRegistry_CommitmentMissing(hash));
        // INVARIANT: nobody commits and reveals on the sight of another's pending reveal.
        require(commitment.blockNumber < block.number, ModelRegistry_CommitmentTooNew(commitment.blockNumber));
        // INVARIANT: no commitment overturns rights that are final.
        require(block.timestamp <= _expiryOf(commitment), ModelRegistry_CommitmentExpired(_expiryOf(commitment)));
        delete _commitments[msg.sender][hash];
    }

    /// @dev Reads the caller's chunk hashes of a model and closes the session.
    function _takeChunks(bytes32 modelId, uint256 chunkCount) internal returns (bytes32[] memory hashes) {
        // INVARIANT: the loop is bounded.
        require(
            chunkCount > 0 && chunkCount <= MAX_MODEL_CHUNKS, ModelRegistry_ChunkCount(chunkCount, MAX_MODEL_CHUNKS)
        );
        hashes = new bytes32[](chunkCount);
        mapping(uint256 index => bytes32 chunkHash) storage session = _chunks[msg.sender][modelId];
        for (uint256 i = 0; i < chunkCount; i++) {
            hashes[i] = session[i];
            require(hashes[i] != 0, ModelRegistry_ChunkNotUploaded(i));
            delete session[i];
        }
    }

    /// @dev Gives the rights in a model to the caller, on the strength of a commitment.
    function _grant(Model storage model, Commitment memory commitment) internal {
        model.owner = msg.sender;
        model.pendingOwner = address(0);
        model.rightsSequence = commitment.sequence;
        model.rightsFinalAt = uint64(_expiryOf(commitment));
    }

    function _requireActive(bytes32 modelId) internal view {
        // INVARIANT: rights and metadata exist only for active models.
        require(_active[modelId] != 0, ModelRegistry_NotActive(modelId));
    }

    function _requireInactive(bytes32 modelId) internal view {
        // INVARIANT: a model is activated once.
        require(_active[modelId] == 0, ModelRegistry_AlreadyActive(modelId));
    }

    function _requireMetadataSize(string calldata metadataURI) internal pure {
        uint256 size = bytes(metadataURI).length;
        // INVARIANT: metadata is bounded.
        require(size <= MAX_METADATA_BYTES, ModelRegistry_MetadataSize(size, MAX_METADATA_BYTES));
    }

    /// @dev Unix time of the last second in which a commitment can be revealed.
    function _expiryOf(Commitment memory commitment) internal pure returns (uint256) {
        return commitment.committedAt + COMMITMENT_LIFETIME_SECONDS;
    }
}
