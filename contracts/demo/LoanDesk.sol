// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Inference, InferenceErrors } from "../l2/Inference.sol";

/// @title LoanDesk
/// @notice Prices consumer loans by a risk model: who applies learns in the same transaction whether and at what rate.
/// @dev An example to copy. Inherits InferenceErrors so that the precompile's errors are in the ABI. What is sent here is
///      public, so a real desk would take such data only from people who agreed to that.
contract LoanDesk is InferenceErrors {
    /// @notice The model's columns, in its order and steps. Any value is valid: the model clips each to the range it knows.
    /// @param income EUR a year.
    /// @param debt EUR.
    /// @param age Years.
    /// @param employmentMonths Months in the present job.
    /// @param utilisationBps Share of credit lines in use, in 1/10,000.
    /// @param latePayments Late payments in the last 24 months.
    /// @param inquiries Credit inquiries in the last 6 months.
    /// @param creditHistoryMonths Months since the first account.
    /// @param loanAmount EUR.
    /// @param loanMonths Months until repaid.
    /// @param dependants Persons.
    /// @param homeowner 1 if so, else 0.
    struct Application {
        int32 income;
        int32 debt;
        int32 age;
        int32 employmentMonths;
        int32 utilisationBps;
        int32 latePayments;
        int32 inquiries;
        int32 creditHistoryMonths;
        int32 loanAmount;
        int32 loanMonths;
        int32 dependants;
        int32 homeowner;
    }

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
    /// @dev The model's output: the probability in one lane of 4 bytes.
    uint256 internal constant PROBABILITY_OFFSET = 0;

    /// @notice The model that scores.
    bytes32 public immutable modelId;

    /// @notice All decisions, by id.
    Decision[] public decisions;

    constructor(bytes32 modelId_) {
        modelId = modelId_;
    }

    /// @notice Decides the caller's application and keeps the decision.
    function requestLoan(Application calldata application) external returns (uint256 decisionId) {
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
    function quote(Application calldata application) public view returns (Decision memory decision) {
        // INVARIANT: every decision is about a loan.
        require(
            application.loanAmount > 0 && application.loanMonths > 0,
            LoanDesk_NoLoan(application.loanAmount, application.loanMonths)
        );
        uint256 defaultBps = defaultProbability(application);
        decision.defaultBps = uint16(defaultBps);
        decision.approved = defaultBps <= MAX_DEFAULT_BPS;
        decision.rateBps = decision.approved ? uint16(BASE_RATE_BPS + riskPremium(defaultBps)) : 0;
        decision.loanAmount = application.loanAmount;
        decision.loanMonths = application.loanMonths;
    }

    /// @notice The model's probability of default, in 1/10,000.
    function defaultProbability(Application calldata application) public view returns (uint256) {
        bytes memory output = Inference.run(modelId, encode(application));
        int32 answer = Inference.readInt32(output, PROBABILITY_OFFSET);
        // INVARIANT: a probability lies between 0 and 1.
        require(answer >= 0 && uint32(answer) <= ONE_BPS, LoanDesk_NoProbability(answer));
        return uint32(answer);
    }

    /// @notice Interest that makes the loans which are repaid cover the losses on those which are not, in 1/10,000.
    function riskPremium(uint256 defaultBps) public pure returns (uint256) {
        return (defaultBps * LOSS_GIVEN_DEFAULT_BPS) / (ONE_BPS - defaultBps);
    }

    /// @notice The model's input: twelve lanes of 4 bytes. For single lanes, abi.encodePacked is the tensor encoding.
    function encode(Application calldata a) public pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(a.income, a.debt, a.age, a.employmentMonths),
            abi.encodePacked(a.utilisationBps, a.latePayments, a.inquiries, a.creditHistoryMonths),
            abi.encodePacked(a.loanAmount, a.loanMonths, a.dependants, a.homeowner)
        );
    }
}
