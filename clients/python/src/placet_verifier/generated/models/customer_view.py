from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.customer_invitation import CustomerInvitation
    from ..models.declined_request import DeclinedRequest


T = TypeVar("T", bound="CustomerView")


@_attrs_define
class CustomerView:
    """What is known of a customer.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
        invitations (list[CustomerInvitation]): Her invitations, with the consents that answer them.
        declined (list[DeclinedRequest] | Unset): What she has said no to, and is not to be asked again yet.
    """

    customer: str
    invitations: list[CustomerInvitation]
    declined: list[DeclinedRequest] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        invitations = []
        for invitations_item_data in self.invitations:
            invitations_item = invitations_item_data.to_dict()
            invitations.append(invitations_item)

        declined: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.declined, Unset):
            declined = []
            for declined_item_data in self.declined:
                declined_item = declined_item_data.to_dict()
                declined.append(declined_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
                "invitations": invitations,
            }
        )
        if declined is not UNSET:
            field_dict["declined"] = declined

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.customer_invitation import CustomerInvitation
        from ..models.declined_request import DeclinedRequest

        d = dict(src_dict)
        customer = d.pop("customer")

        invitations = []
        _invitations = d.pop("invitations")
        for invitations_item_data in _invitations:
            invitations_item = CustomerInvitation.from_dict(invitations_item_data)

            invitations.append(invitations_item)

        _declined = d.pop("declined", UNSET)
        declined: list[DeclinedRequest] | Unset = UNSET
        if _declined is not UNSET:
            declined = []
            for declined_item_data in _declined:
                declined_item = DeclinedRequest.from_dict(declined_item_data)

                declined.append(declined_item)

        customer_view = cls(
            customer=customer,
            invitations=invitations,
            declined=declined,
        )

        return customer_view
