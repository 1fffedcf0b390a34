from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="CustomerLink")


@_attrs_define
class CustomerLink:
    """An invitation for a customer.

    Attributes:
        expires_at (str): RFC 3339, UTC, whole seconds
        invitation (str): SHA-256 in lowercase hex
        link (str): The link to give to the customer. Whoever has it can answer.
    """

    expires_at: str
    invitation: str
    link: str

    def to_dict(self) -> dict[str, Any]:
        expires_at = self.expires_at

        invitation = self.invitation

        link = self.link

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "expiresAt": expires_at,
                "invitation": invitation,
                "link": link,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        expires_at = d.pop("expiresAt")

        invitation = d.pop("invitation")

        link = d.pop("link")

        customer_link = cls(
            expires_at=expires_at,
            invitation=invitation,
            link=link,
        )

        return customer_link
