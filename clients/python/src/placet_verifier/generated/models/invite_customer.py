from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="InviteCustomer")


@_attrs_define
class InviteCustomer:
    """`POST /v1/customers/invitations`: invites a customer to answer a request.

    Attributes:
        customer (str): the brand's own reference: 1 to 256 bytes without control characters
        request (str): SHA-256 in lowercase hex
        qr (bool | None | Unset): Whether the link's QR code is wanted too.
        ttl_seconds (int | None | Unset): Seconds that the invitation lives.
    """

    customer: str
    request: str
    qr: bool | None | Unset = UNSET
    ttl_seconds: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        customer = self.customer

        request = self.request

        qr: bool | None | Unset
        if isinstance(self.qr, Unset):
            qr = UNSET
        else:
            qr = self.qr

        ttl_seconds: int | None | Unset
        if isinstance(self.ttl_seconds, Unset):
            ttl_seconds = UNSET
        else:
            ttl_seconds = self.ttl_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "customer": customer,
                "request": request,
            }
        )
        if qr is not UNSET:
            field_dict["qr"] = qr
        if ttl_seconds is not UNSET:
            field_dict["ttlSeconds"] = ttl_seconds

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        customer = d.pop("customer")

        request = d.pop("request")

        def _parse_qr(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        qr = _parse_qr(d.pop("qr", UNSET))

        def _parse_ttl_seconds(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        ttl_seconds = _parse_ttl_seconds(d.pop("ttlSeconds", UNSET))

        invite_customer = cls(
            customer=customer,
            request=request,
            qr=qr,
            ttl_seconds=ttl_seconds,
        )

        return invite_customer
