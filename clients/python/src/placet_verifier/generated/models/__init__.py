"""Contains all the data models used in inputs/outputs"""

from .action_properties import ActionProperties
from .ask_presentation import AskPresentation
from .asked import Asked
from .asked_action import AskedAction
from .asked_context import AskedContext
from .asked_resource import AskedResource
from .asking_subject import AskingSubject
from .customer_invitation import CustomerInvitation
from .customer_link import CustomerLink
from .customer_view import CustomerView
from .decision_context import DecisionContext
from .decision_evidence import DecisionEvidence
from .decision_evidence_bundle_type_0 import DecisionEvidenceBundleType0
from .declined_request import DeclinedRequest
from .direct_withdrawal_answer import DirectWithdrawalAnswer
from .evaluation_answer import EvaluationAnswer
from .evaluation_body import EvaluationBody
from .evaluation_part import EvaluationPart
from .evaluations_answer import EvaluationsAnswer
from .evaluations_body import EvaluationsBody
from .evaluations_options import EvaluationsOptions
from .evaluations_semantic import EvaluationsSemantic
from .evidence_of_decision_response_200 import EvidenceOfDecisionResponse200
from .evidence_order import EvidenceOrder
from .import_customers import ImportCustomers
from .imported import Imported
from .invite_customer import InviteCustomer
from .invited_customer import InvitedCustomer
from .look_customer import LookCustomer
from .merge_customers import MergeCustomers
from .metadata import Metadata
from .moved import Moved
from .obligation_type_0 import ObligationType0
from .obligation_type_0_type import ObligationType0Type
from .obligation_type_1 import ObligationType1
from .obligation_type_1_type import ObligationType1Type
from .obligation_type_2 import ObligationType2
from .obligation_type_2_type import ObligationType2Type
from .present_response_200 import PresentResponse200
from .presentation_answer import PresentationAnswer
from .presentation_asked import PresentationAsked
from .presentation_decision import PresentationDecision
from .presentation_evidence import PresentationEvidence
from .presentation_state import PresentationState
from .problem import Problem
from .readiness import Readiness
from .reason import Reason
from .reason_code import ReasonCode
from .report_accesses import ReportAccesses
from .reported import Reported
from .reported_access import ReportedAccess
from .resource_properties import ResourceProperties
from .response_mode import ResponseMode
from .split_customer import SplitCustomer
from .wallet_answer import WalletAnswer
from .withdraw_consent_body import WithdrawConsentBody

__all__ = (
    "ActionProperties",
    "AskPresentation",
    "Asked",
    "AskedAction",
    "AskedContext",
    "AskedResource",
    "AskingSubject",
    "CustomerInvitation",
    "CustomerLink",
    "CustomerView",
    "DecisionContext",
    "DecisionEvidence",
    "DecisionEvidenceBundleType0",
    "DeclinedRequest",
    "DirectWithdrawalAnswer",
    "EvaluationAnswer",
    "EvaluationBody",
    "EvaluationPart",
    "EvaluationsAnswer",
    "EvaluationsBody",
    "EvaluationsOptions",
    "EvaluationsSemantic",
    "EvidenceOfDecisionResponse200",
    "EvidenceOrder",
    "ImportCustomers",
    "Imported",
    "InviteCustomer",
    "InvitedCustomer",
    "LookCustomer",
    "MergeCustomers",
    "Metadata",
    "Moved",
    "ObligationType0",
    "ObligationType0Type",
    "ObligationType1",
    "ObligationType1Type",
    "ObligationType2",
    "ObligationType2Type",
    "PresentResponse200",
    "PresentationAnswer",
    "PresentationAsked",
    "PresentationDecision",
    "PresentationEvidence",
    "PresentationState",
    "Problem",
    "Readiness",
    "Reason",
    "ReasonCode",
    "ReportAccesses",
    "Reported",
    "ReportedAccess",
    "ResourceProperties",
    "ResponseMode",
    "SplitCustomer",
    "WalletAnswer",
    "WithdrawConsentBody",
)
