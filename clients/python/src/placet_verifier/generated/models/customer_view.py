from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.customer_invitation import CustomerInvitation


T = TypeVar("T", bound="CustomerView")


@_attrs_define
class CustomerView:
    """What is known of a customer.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
        invitations (list[CustomerInvitation]): Her invitations, with the consents that answer them.
    """

    customer: str
    invitations: list[CustomerInvitation]

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        invitations = []
        for invitations_item_data in self.invitations:
            invitations_item = invitations_item_data.to_dict()
            invitations.append(invitations_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
                "invitations": invitations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.customer_invitation import CustomerInvitation

        d = dict(src_dict)
        customer = d.pop("customer")

        invitations = []
        _invitations = d.pop("invitations")
        for invitations_item_data in _invitations:
            invitations_item = CustomerInvitation.from_dict(invitations_item_data)

            invitations.append(invitations_item)

        customer_view = cls(
            customer=customer,
            invitations=invitations,
        )

        return customer_view
