from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.invited_customer import InvitedCustomer


T = TypeVar("T", bound="ImportCustomers")


@_attrs_define
class ImportCustomers:
    """`POST /v1/customers/import`: whom the brand invited; the rows of `placet brand invite`'s file.

    Attributes:
        invitations (list[InvitedCustomer]): The rows.
    """

    invitations: list[InvitedCustomer]

    def to_dict(self) -> dict[str, Any]:
        invitations = []
        for invitations_item_data in self.invitations:
            invitations_item = invitations_item_data.to_dict()
            invitations.append(invitations_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "invitations": invitations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.invited_customer import InvitedCustomer

        d = dict(src_dict)
        invitations = []
        _invitations = d.pop("invitations")
        for invitations_item_data in _invitations:
            invitations_item = InvitedCustomer.from_dict(invitations_item_data)

            invitations.append(invitations_item)

        import_customers = cls(
            invitations=invitations,
        )

        return import_customers
