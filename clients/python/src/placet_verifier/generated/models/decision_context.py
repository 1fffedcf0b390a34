from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.asked import Asked
    from ..models.decision_evidence import DecisionEvidence
    from ..models.obligation_type_0 import ObligationType0
    from ..models.obligation_type_1 import ObligationType1
    from ..models.obligation_type_2 import ObligationType2
    from ..models.reason import Reason


T = TypeVar("T", bound="DecisionContext")


@_attrs_define
class DecisionContext:
    """What an answer says besides yes or no.

    Attributes:
        evaluated_at (str): RFC 3339, UTC, whole seconds
        evaluation_id (str): Its random name: access reports name it.
        evidence (DecisionEvidence): On what a decision rests.
        reasons (list[Reason]): Why; on a permit one for each category.
        signed (str): All of this, with the SHA-256 of the request, signed by the verifier: an SD-JWT (RFC 9901), which
            discloses the
            operator's head that it rests on.
        obligations (list[ObligationType0 | ObligationType1 | ObligationType2] | Unset): What a permit obliges to.
        scope (Asked | None | Unset):
        valid_until (None | str | Unset):
    """

    evaluated_at: str
    evaluation_id: str
    evidence: DecisionEvidence
    reasons: list[Reason]
    signed: str
    obligations: list[ObligationType0 | ObligationType1 | ObligationType2] | Unset = UNSET
    scope: Asked | None | Unset = UNSET
    valid_until: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.asked import Asked
        from ..models.obligation_type_0 import ObligationType0
        from ..models.obligation_type_1 import ObligationType1

        evaluated_at = self.evaluated_at

        evaluation_id = self.evaluation_id

        evidence = self.evidence.to_dict()

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        signed = self.signed

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

        scope: dict[str, Any] | None | Unset
        if isinstance(self.scope, Unset):
            scope = UNSET
        elif isinstance(self.scope, Asked):
            scope = self.scope.to_dict()
        else:
            scope = self.scope

        valid_until: None | str | Unset
        if isinstance(self.valid_until, Unset):
            valid_until = UNSET
        else:
            valid_until = self.valid_until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "evaluated_at": evaluated_at,
                "evaluation_id": evaluation_id,
                "evidence": evidence,
                "reasons": reasons,
                "signed": signed,
            }
        )
        if obligations is not UNSET:
            field_dict["obligations"] = obligations
        if scope is not UNSET:
            field_dict["scope"] = scope
        if valid_until is not UNSET:
            field_dict["valid_until"] = valid_until

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.asked import Asked
        from ..models.decision_evidence import DecisionEvidence
        from ..models.obligation_type_0 import ObligationType0
        from ..models.obligation_type_1 import ObligationType1
        from ..models.obligation_type_2 import ObligationType2
        from ..models.reason import Reason

        d = dict(src_dict)
        evaluated_at = d.pop("evaluated_at")

        evaluation_id = d.pop("evaluation_id")

        evidence = DecisionEvidence.from_dict(d.pop("evidence"))

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = Reason.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        signed = d.pop("signed")

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

        def _parse_scope(data: object) -> Asked | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                scope_type_0 = Asked.from_dict(data)

                return scope_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Asked | None | Unset, data)

        scope = _parse_scope(d.pop("scope", UNSET))

        def _parse_valid_until(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        valid_until = _parse_valid_until(d.pop("valid_until", UNSET))

        decision_context = cls(
            evaluated_at=evaluated_at,
            evaluation_id=evaluation_id,
            evidence=evidence,
            reasons=reasons,
            signed=signed,
            obligations=obligations,
            scope=scope,
            valid_until=valid_until,
        )

        return decision_context
