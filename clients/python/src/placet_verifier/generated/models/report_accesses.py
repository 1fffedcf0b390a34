from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.reported_access import ReportedAccess


T = TypeVar("T", bound="ReportAccesses")


@_attrs_define
class ReportAccesses:
    """Accesses that took place.

    Attributes:
        accesses (list[ReportedAccess]): The accesses.
    """

    accesses: list[ReportedAccess]

    def to_dict(self) -> dict[str, Any]:
        accesses = []
        for accesses_item_data in self.accesses:
            accesses_item = accesses_item_data.to_dict()
            accesses.append(accesses_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "accesses": accesses,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.reported_access import ReportedAccess

        d = dict(src_dict)
        accesses = []
        _accesses = d.pop("accesses")
        for accesses_item_data in _accesses:
            accesses_item = ReportedAccess.from_dict(accesses_item_data)

            accesses.append(accesses_item)

        report_accesses = cls(
            accesses=accesses,
        )

        return report_accesses
