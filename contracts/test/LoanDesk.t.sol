// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { LoanDesk } from "../demo/LoanDesk.sol";
import { RiskModel } from "../demo/RiskModel.sol";
import { Inference, InferenceErrors } from "../l2/Inference.sol";
import { INFERENCE_PRECOMPILE } from "../shared/Constants.sol";
import { MockInference } from "./support/MockInference.sol";
import { Test } from "./support/Test.sol";

contract LoanDeskTest is Test {
    bytes32 internal constant MODEL = keccak256("risk");
    MockInference internal constant MOCK = MockInference(INFERENCE_PRECOMPILE);
    address internal constant ALICE = address(0xa11ce);
    LoanDesk internal desk;

    function setUp() public {
        vm.etch(INFERENCE_PRECOMPILE, type(MockInference).runtimeCode);
        MOCK.activate(MODEL, 48);
        desk = new LoanDesk(MODEL);
    }

    function applicant() internal pure returns (RiskModel.Input memory) {
        return RiskModel.Input(34_319, 13_286, 50, 102, 887, 0, 1, 242, 1538, 36, 0, 0);
    }

    function answerWith(RiskModel.Input memory application, int32 probability) internal {
        MOCK.answer(MODEL, RiskModel.encode(application), abi.encodePacked(probability));
    }

    function testFuzzEncodesTheColumnsInOrder(RiskModel.Input memory a) public pure {
        // A static struct is laid out like its fields, each in a word.
        int32[12] memory fields = abi.decode(abi.encode(a), (int32[12]));
        int32[] memory columns = new int32[](12);
        for (uint256 i = 0; i < 12; i++) {
            columns[i] = fields[i];
        }
        vm.assertEq(RiskModel.encode(a), Inference.encodeInt32(columns));
    }

    function testApprovesAGoodRisk() public {
        answerWith(applicant(), 278);
        vm.expectEmit(address(desk));
        emit LoanDesk.LoanDecided(0, ALICE, true, 278, 428);
        vm.prank(ALICE);
        uint256 id = desk.requestLoan(applicant());
        (address who, bool approved, uint16 defaultBps, uint16 rateBps, int32 amount, int32 months) = desk.decisions(id);
        vm.assertEq(who, ALICE);
        vm.assertTrue(approved);
        vm.assertEq(defaultBps, 278);
        vm.assertEq(rateBps, 428);
        vm.assertEq(int256(amount), 1538);
        vm.assertEq(int256(months), 36);
        vm.assertEq(desk.decisionCount(), 1);
    }

    function testDeclinesABadRisk() public {
        answerWith(applicant(), 8300);
        LoanDesk.Decision memory decision = desk.quote(applicant());
        vm.assertFalse(decision.approved);
        vm.assertEq(decision.rateBps, 0);
        vm.assertEq(desk.decisionCount(), 0);
    }

    function testFuzzDecidesEveryProbability(uint256 probability) public {
        probability = bound(probability, 0, 10_000);
        answerWith(applicant(), int32(int256(probability)));
        LoanDesk.Decision memory decision = desk.quote(applicant());
        vm.assertEq(decision.approved, probability <= desk.MAX_DEFAULT_BPS());
        vm.assertEq(decision.defaultBps, probability);
        if (decision.approved) vm.assertTrue(decision.rateBps >= 300 && decision.rateBps <= 1100);
    }

    function testFuzzRefusesAnAnswerThatIsNoProbability(int32 answer) public {
        vm.assume(answer < 0 || answer > 10_000);
        answerWith(applicant(), answer);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.LoanDesk_NoProbability.selector, answer));
        desk.quote(applicant());
    }

    function testFuzzRefusesAnApplicationForNoLoan(int32 amount, int32 months) public {
        vm.assume(amount <= 0 || months <= 0);
        RiskModel.Input memory application = applicant();
        (application.loanAmount, application.loanTerm) = (amount, months);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.LoanDesk_NoLoan.selector, amount, months));
        desk.requestLoan(application);
    }

    function testThePremiumCoversTheLosses() public view {
        // Of 100 loans, 10 default: 90 premiums of 5 % cover 10 losses of 45 %.
        vm.assertEq(desk.riskPremium(1000), 500);
    }

    function testBubblesThePrecompilesErrors() public {
        LoanDesk other = new LoanDesk(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(InferenceErrors.ModelNotActive.selector, bytes32(uint256(1))));
        other.quote(applicant());
    }
}
