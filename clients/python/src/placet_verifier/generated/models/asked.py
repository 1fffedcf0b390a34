from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Asked")


@_attrs_define
class Asked:
    """What is to be done with which data.

    Attributes:
        categories (list[str]): The categories of personal data; all of them must be covered.
        delivery (str): The delivery.
        processing (str): The processing operation.
        purpose (str): The brand's own purpose.
        third_party (None | str | Unset): The third party to whom it is disclosed.
        transfer (None | str | Unset): The country to which it goes under Article 49(1)(a).
    """

    categories: list[str]
    delivery: str
    processing: str
    purpose: str
    third_party: None | str | Unset = UNSET
    transfer: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        categories = self.categories

        delivery = self.delivery

        processing = self.processing

        purpose = self.purpose

        third_party: None | str | Unset
        if isinstance(self.third_party, Unset):
            third_party = UNSET
        else:
            third_party = self.third_party

        transfer: None | str | Unset
        if isinstance(self.transfer, Unset):
            transfer = UNSET
        else:
            transfer = self.transfer

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "categories": categories,
                "delivery": delivery,
                "processing": processing,
                "purpose": purpose,
            }
        )
        if third_party is not UNSET:
            field_dict["thirdParty"] = third_party
        if transfer is not UNSET:
            field_dict["transfer"] = transfer

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        categories = cast(list[str], d.pop("categories"))

        delivery = d.pop("delivery")

        processing = d.pop("processing")

        purpose = d.pop("purpose")

        def _parse_third_party(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        third_party = _parse_third_party(d.pop("thirdParty", UNSET))

        def _parse_transfer(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        transfer = _parse_transfer(d.pop("transfer", UNSET))

        asked = cls(
            categories=categories,
            delivery=delivery,
            processing=processing,
            purpose=purpose,
            third_party=third_party,
            transfer=transfer,
        )

        return asked
