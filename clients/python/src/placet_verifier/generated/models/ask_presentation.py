from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.asked import Asked


T = TypeVar("T", bound="AskPresentation")


@_attrs_define
class AskPresentation:
    """`POST /v1/presentations`: what a person is asked to show her receipt for.

    Attributes:
        asked (Asked): What is to be done with which data.
    """

    asked: Asked

    def to_dict(self) -> dict[str, Any]:
        asked = self.asked.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "asked": asked,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.asked import Asked

        d = dict(src_dict)
        asked = Asked.from_dict(d.pop("asked"))

        ask_presentation = cls(
            asked=asked,
        )

        return ask_presentation
