// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { InferenceErrors } from "../l2/Inference.sol";
import { RiskModel } from "./RiskModel.sol";

/// @title LoanDesk
/// @notice Prices consumer loans by a risk model: who applies learns in the same transaction whether and at what rate.
/// @dev An example to copy. An application is what the model takes, by name and in its steps: RiskModel is generated from the
///      model's ONNX file, and the model clips each column to the range that it knows. Inherits InferenceErrors so that
///      the precompile's errors are in the ABI. What is sent here is public, so a real desk would take such data only from
///      people who agreed to that.
contract LoanDesk is InferenceErrors {
    /// @notice The desk's answer to an application.
    /// @param applicant Who asked.
    /// @param approved Whether the desk lends.
    /// @param defaultBps Probability of default by the model, in 1/10,000.
    /// @param rateBps Yearly interest, in 1/10,000; 0 if not approved.
    /// @param loanAmount EUR.
    /// @param loanMonths Months until repaid.
    struct Decision {
        address applicant;
        bool approved;
        uint16 defaultBps;
        uint16 rateBps;
        int32 loanAmount;
        int32 loanMonths;
    }

    /// @notice A loan has an amount and a term, both positive.
    error LoanDesk_NoLoan(int32 loanAmount, int32 loanMonths);
    /// @notice The model's answer is no probability: the desk was set up with another model.
    error LoanDesk_NoProbability(int32 answer);

    /// @notice An application was decided.
    event LoanDecided(
        uint256 indexed decisionId, address indexed applicant, bool approved, uint256 defaultBps, uint256 rateBps
    );

    /// @notice One, in 1/10,000.
    uint256 public constant ONE_BPS = 10_000;
    /// @notice The desk lends up to this probability of default, in 1/10,000.
    uint256 public constant MAX_DEFAULT_BPS = 1500;
    /// @notice Yearly interest of a loan without risk, in 1/10,000.
    uint256 public constant BASE_RATE_BPS = 300;
    /// @notice What is lost of a loan that defaults, in 1/10,000.
    uint256 public constant LOSS_GIVEN_DEFAULT_BPS = 4500;

    /// @notice The model that scores.
    bytes32 public immutable modelId;

    /// @notice All decisions, by id.
    Decision[] public decisions;

    constructor(bytes32 modelId_) {
        modelId = modelId_;
    }

    /// @notice Decides the caller's application and keeps the decision.
    function requestLoan(RiskModel.Input calldata application) external returns (uint256 decisionId) {
        Decision memory decision = quote(application);
        decision.applicant = msg.sender;
        decisionId = decisions.length;
        decisions.push(decision);
        emit LoanDecided(decisionId, msg.sender, decision.approved, decision.defaultBps, decision.rateBps);
    }

    /// @notice Number of decisions so far.
    function decisionCount() external view returns (uint256) {
        return decisions.length;
    }

    /// @notice What {requestLoan} would decide, without keeping it.
    function quote(RiskModel.Input calldata application) public view returns (Decision memory decision) {
        // INVARIANT: every decision is about a loan.
        require(
            application.loanAmount > 0 && application.loanTerm > 0,
            LoanDesk_NoLoan(application.loanAmount, application.loanTerm)
        );
        uint256 defaultBps = defaultProbability(application);
        decision.defaultBps = uint16(defaultBps);
        decision.approved = defaultBps <= MAX_DEFAULT_BPS;
        decision.rateBps = decision.approved ? uint16(BASE_RATE_BPS + riskPremium(defaultBps)) : 0;
        decision.loanAmount = application.loanAmount;
        decision.loanMonths = application.loanTerm;
    }

    /// @notice The model's probability of default, in 1/10,000.
    function defaultProbability(RiskModel.Input calldata application) public view returns (uint256) {
        int32 answer = RiskModel.run(modelId, application).probability;
        // INVARIANT: a probability lies between 0 and 1.
        require(answer >= 0 && uint32(answer) <= ONE_BPS, LoanDesk_NoProbability(answer));
        return uint32(answer);
    }

    /// @notice Interest that makes the loans which are repaid cover the losses on those which are not, in 1/10,000.
    function riskPremium(uint256 defaultBps) public pure returns (uint256) {
        return (defaultBps * LOSS_GIVEN_DEFAULT_BPS) / (ONE_BPS - defaultBps);
    }
}
