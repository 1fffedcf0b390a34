from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.obligation_type_1_type import (
    ObligationType1Type,
    check_obligation_type_1_type,
)

T = TypeVar("T", bound="ObligationType1")


@_attrs_define
class ObligationType1:
    """Delete the data at the latest this long after its collection, and at once when the consent ends.

    Attributes:
        period (str): How long.
        type_ (ObligationType1Type):
    """

    period: str
    type_: ObligationType1Type
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        period = self.period

        type_: str = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "period": period,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        period = d.pop("period")

        type_ = check_obligation_type_1_type(d.pop("type"))

        obligation_type_1 = cls(
            period=period,
            type_=type_,
        )

        obligation_type_1.additional_properties = d
        return obligation_type_1

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
