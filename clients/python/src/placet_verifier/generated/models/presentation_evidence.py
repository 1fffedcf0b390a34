from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PresentationEvidence")


@_attrs_define
class PresentationEvidence:
    """On what such a decision rests.

    Attributes:
        audience (str): For whom it was presented (`--audience`).
        nonce (str): Over which nonce (`--nonce`).
        presentation (str): The receipt as it was presented: an SD-JWT with key binding.
        status_list (None | str | Unset): The status list of that moment: a Token Status List. Absent when it could not
            be had.
    """

    audience: str
    nonce: str
    presentation: str
    status_list: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        audience = self.audience

        nonce = self.nonce

        presentation = self.presentation

        status_list: None | str | Unset
        if isinstance(self.status_list, Unset):
            status_list = UNSET
        else:
            status_list = self.status_list

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "audience": audience,
                "nonce": nonce,
                "presentation": presentation,
            }
        )
        if status_list is not UNSET:
            field_dict["statusList"] = status_list

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        audience = d.pop("audience")

        nonce = d.pop("nonce")

        presentation = d.pop("presentation")

        def _parse_status_list(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status_list = _parse_status_list(d.pop("statusList", UNSET))

        presentation_evidence = cls(
            audience=audience,
            nonce=nonce,
            presentation=presentation,
            status_list=status_list,
        )

        return presentation_evidence
