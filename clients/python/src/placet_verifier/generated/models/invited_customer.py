from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="InvitedCustomer")


@_attrs_define
class InvitedCustomer:
    """One invitation and who got it.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
        invitation (str): SHA-256 in lowercase hex
    """

    customer: str
    invitation: str

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        invitation = self.invitation

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
                "invitation": invitation,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        customer = d.pop("customer")

        invitation = d.pop("invitation")

        invited_customer = cls(
            customer=customer,
            invitation=invitation,
        )

        return invited_customer
