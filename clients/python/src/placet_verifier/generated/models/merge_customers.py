from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="MergeCustomers")


@_attrs_define
class MergeCustomers:
    """`POST /v1/customers/merge`: two references turned out to be one customer.

    Attributes:
        from_ (str): the brand's own reference: 1 to 256 bytes without control characters
        into (str): the brand's own reference: 1 to 256 bytes without control characters
    """

    from_: str
    into: str

    def to_dict(self) -> dict[str, Any]:
        from_ = self.from_

        into = self.into

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "from": from_,
                "into": into,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        from_ = d.pop("from")

        into = d.pop("into")

        merge_customers = cls(
            from_=from_,
            into=into,
        )

        return merge_customers
