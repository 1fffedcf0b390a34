from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="LookCustomer")


@_attrs_define
class LookCustomer:
    """`POST /v1/customers/look`: what is known of a customer. The reference is in the body, so that no log has it.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
    """

    customer: str

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        customer = d.pop("customer")

        look_customer = cls(
            customer=customer,
        )

        return look_customer
