from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="EvidenceOrder")


@_attrs_define
class EvidenceOrder:
    """`POST /access/v1/evidence`: which decision is to be shown to somebody.

    Attributes:
        evaluated_at (str): RFC 3339, UTC, whole seconds
        evaluation_id (str): The decision's name.
        consent (None | str | Unset):
    """

    evaluated_at: str
    evaluation_id: str
    consent: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        evaluated_at = self.evaluated_at

        evaluation_id = self.evaluation_id

        consent: None | str | Unset
        if isinstance(self.consent, Unset):
            consent = UNSET
        else:
            consent = self.consent

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "evaluated_at": evaluated_at,
                "evaluation_id": evaluation_id,
            }
        )
        if consent is not UNSET:
            field_dict["consent"] = consent

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        evaluated_at = d.pop("evaluated_at")

        evaluation_id = d.pop("evaluation_id")

        def _parse_consent(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        consent = _parse_consent(d.pop("consent", UNSET))

        evidence_order = cls(
            evaluated_at=evaluated_at,
            evaluation_id=evaluation_id,
            consent=consent,
        )

        return evidence_order
