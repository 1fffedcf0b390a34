from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.obligation_type_0 import ObligationType0
    from ..models.obligation_type_1 import ObligationType1
    from ..models.obligation_type_2 import ObligationType2
    from ..models.presentation_evidence import PresentationEvidence
    from ..models.reason import Reason


T = TypeVar("T", bound="PresentationDecision")


@_attrs_define
class PresentationDecision:
    """May this be done with this person's data now, by the receipt that she showed?

    Attributes:
        consent (str): SHA-256 in lowercase hex
        decision (bool): Permit or deny.
        evaluated_at (str): RFC 3339, UTC, whole seconds
        evaluation_id (str): Its random name: access reports name it.
        evidence (PresentationEvidence): On what such a decision rests.
        reasons (list[Reason]): Why; on a permit one for each category.
        obligations (list[ObligationType0 | ObligationType1 | ObligationType2] | Unset): What a permit obliges to.
        signed (None | str | Unset): The decision of the verifier's own replica, signed, where it knows the consent and
            so decides by what it knows.
        valid_until (None | str | Unset):
    """

    consent: str
    decision: bool
    evaluated_at: str
    evaluation_id: str
    evidence: PresentationEvidence
    reasons: list[Reason]
    obligations: list[ObligationType0 | ObligationType1 | ObligationType2] | Unset = UNSET
    signed: None | str | Unset = UNSET
    valid_until: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.obligation_type_0 import ObligationType0
        from ..models.obligation_type_1 import ObligationType1

        consent = self.consent

        decision = self.decision

        evaluated_at = self.evaluated_at

        evaluation_id = self.evaluation_id

        evidence = self.evidence.to_dict()

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        obligations: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.obligations, Unset):
            obligations = []
            for obligations_item_data in self.obligations:
                obligations_item: dict[str, Any]
                if isinstance(obligations_item_data, ObligationType0) or isinstance(
                    obligations_item_data, ObligationType1
                ):
                    obligations_item = obligations_item_data.to_dict()
                else:
                    obligations_item = obligations_item_data.to_dict()

                obligations.append(obligations_item)

        signed: None | str | Unset
        if isinstance(self.signed, Unset):
            signed = UNSET
        else:
            signed = self.signed

        valid_until: None | str | Unset
        if isinstance(self.valid_until, Unset):
            valid_until = UNSET
        else:
            valid_until = self.valid_until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "consent": consent,
                "decision": decision,
                "evaluatedAt": evaluated_at,
                "evaluationId": evaluation_id,
                "evidence": evidence,
                "reasons": reasons,
            }
        )
        if obligations is not UNSET:
            field_dict["obligations"] = obligations
        if signed is not UNSET:
            field_dict["signed"] = signed
        if valid_until is not UNSET:
            field_dict["validUntil"] = valid_until

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.obligation_type_0 import ObligationType0
        from ..models.obligation_type_1 import ObligationType1
        from ..models.obligation_type_2 import ObligationType2
        from ..models.presentation_evidence import PresentationEvidence
        from ..models.reason import Reason

        d = dict(src_dict)
        consent = d.pop("consent")

        decision = d.pop("decision")

        evaluated_at = d.pop("evaluatedAt")

        evaluation_id = d.pop("evaluationId")

        evidence = PresentationEvidence.from_dict(d.pop("evidence"))

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = Reason.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        _obligations = d.pop("obligations", UNSET)
        obligations: list[ObligationType0 | ObligationType1 | ObligationType2] | Unset = UNSET
        if _obligations is not UNSET:
            obligations = []
            for obligations_item_data in _obligations:

                def _parse_obligations_item(data: object) -> ObligationType0 | ObligationType1 | ObligationType2:
                    try:
                        if not isinstance(data, dict):
                            raise TypeError()
                        componentsschemas_obligation_type_0 = ObligationType0.from_dict(data)

                        return componentsschemas_obligation_type_0
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    try:
                        if not isinstance(data, dict):
                            raise TypeError()
                        componentsschemas_obligation_type_1 = ObligationType1.from_dict(data)

                        return componentsschemas_obligation_type_1
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_obligation_type_2 = ObligationType2.from_dict(data)

                    return componentsschemas_obligation_type_2

                obligations_item = _parse_obligations_item(obligations_item_data)

                obligations.append(obligations_item)

        def _parse_signed(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        signed = _parse_signed(d.pop("signed", UNSET))

        def _parse_valid_until(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        valid_until = _parse_valid_until(d.pop("validUntil", UNSET))

        presentation_decision = cls(
            consent=consent,
            decision=decision,
            evaluated_at=evaluated_at,
            evaluation_id=evaluation_id,
            evidence=evidence,
            reasons=reasons,
            obligations=obligations,
            signed=signed,
            valid_until=valid_until,
        )

        return presentation_decision
