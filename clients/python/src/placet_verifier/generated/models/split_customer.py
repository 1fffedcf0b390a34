from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SplitCustomer")


@_attrs_define
class SplitCustomer:
    """`POST /v1/customers/split`: one reference turned out to be two customers.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
        into (str): the brand's own reference: 1 to 256 bytes without control characters
        invitations (list[str]): Which of its invitations go.
    """

    customer: str
    into: str
    invitations: list[str]

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        into = self.into

        invitations = self.invitations

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
                "into": into,
                "invitations": invitations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        customer = d.pop("customer")

        into = d.pop("into")

        invitations = cast(list[str], d.pop("invitations"))

        split_customer = cls(
            customer=customer,
            into=into,
            invitations=invitations,
        )

        return split_customer
