from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Reported")


@_attrs_define
class Reported:
    """What a report became.

    Attributes:
        lines (int): Access lines that were written, on disk now: one for each consent of each access.
        without_permit (int): Accesses that name no permit of the last minutes, or another one than theirs.
    """

    lines: int
    without_permit: int

    def to_dict(self) -> dict[str, Any]:
        lines = self.lines

        without_permit = self.without_permit

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "lines": lines,
                "withoutPermit": without_permit,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        lines = d.pop("lines")

        without_permit = d.pop("withoutPermit")

        reported = cls(
            lines=lines,
            without_permit=without_permit,
        )

        return reported
