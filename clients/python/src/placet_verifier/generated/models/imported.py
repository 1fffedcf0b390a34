from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Imported")


@_attrs_define
class Imported:
    """What an import did.

    Attributes:
        added (int): Rows that were not there before.
        known (int): Rows that were there already.
    """

    added: int
    known: int

    def to_dict(self) -> dict[str, Any]:
        added = self.added

        known = self.known

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "added": added,
                "known": known,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        added = d.pop("added")

        known = d.pop("known")

        imported = cls(
            added=added,
            known=known,
        )

        return imported
