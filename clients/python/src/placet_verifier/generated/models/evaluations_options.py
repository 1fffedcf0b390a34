from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.evaluations_semantic import (
    EvaluationsSemantic,
    check_evaluations_semantic,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="EvaluationsOptions")


@_attrs_define
class EvaluationsOptions:
    """How several evaluations are worked off.

    Attributes:
        evaluations_semantic (EvaluationsSemantic | None | Unset):
    """

    evaluations_semantic: EvaluationsSemantic | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        evaluations_semantic: None | str | Unset
        if isinstance(self.evaluations_semantic, Unset):
            evaluations_semantic = UNSET
        elif isinstance(self.evaluations_semantic, str):
            evaluations_semantic = self.evaluations_semantic
        else:
            evaluations_semantic = self.evaluations_semantic

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if evaluations_semantic is not UNSET:
            field_dict["evaluations_semantic"] = evaluations_semantic

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_evaluations_semantic(data: object) -> EvaluationsSemantic | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                evaluations_semantic_type_0 = check_evaluations_semantic(data)

                return evaluations_semantic_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EvaluationsSemantic | None | Unset, data)

        evaluations_semantic = _parse_evaluations_semantic(d.pop("evaluations_semantic", UNSET))

        evaluations_options = cls(
            evaluations_semantic=evaluations_semantic,
        )

        evaluations_options.additional_properties = d
        return evaluations_options

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
