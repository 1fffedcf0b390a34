from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CustomerLink")


@_attrs_define
class CustomerLink:
    """An invitation for a customer.

    Attributes:
        expires_at (str): RFC 3339, UTC, whole seconds
        invitation (str): SHA-256 in lowercase hex
        link (str): The link to give to the customer. Whoever has it can answer.
        qr (None | str | Unset): The link's QR code, when it was asked for: a PNG as a `data:` URL (RFC 2397), ready for
            an `img` element. It is as secret
            as the link.
    """

    expires_at: str
    invitation: str
    link: str
    qr: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        expires_at = self.expires_at

        invitation = self.invitation

        link = self.link

        qr: None | str | Unset
        if isinstance(self.qr, Unset):
            qr = UNSET
        else:
            qr = self.qr

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "expiresAt": expires_at,
                "invitation": invitation,
                "link": link,
            }
        )
        if qr is not UNSET:
            field_dict["qr"] = qr

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        expires_at = d.pop("expiresAt")

        invitation = d.pop("invitation")

        link = d.pop("link")

        def _parse_qr(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        qr = _parse_qr(d.pop("qr", UNSET))

        customer_link = cls(
            expires_at=expires_at,
            invitation=invitation,
            link=link,
            qr=qr,
        )

        return customer_link
