from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PresentationAsked")


@_attrs_define
class PresentationAsked:
    """How a person is asked.

    Attributes:
        expires_at (str): RFC 3339, UTC, whole seconds
        id (str): Its secret name: `GET /v1/presentations/{id}` says what became of it.
        link (str): A link for a wallet (OpenID4VP 1.0 section 5.4), also good as a QR code.
    """

    expires_at: str
    id: str
    link: str

    def to_dict(self) -> dict[str, Any]:
        expires_at = self.expires_at

        id = self.id

        link = self.link

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "expiresAt": expires_at,
                "id": id,
                "link": link,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        expires_at = d.pop("expiresAt")

        id = d.pop("id")

        link = d.pop("link")

        presentation_asked = cls(
            expires_at=expires_at,
            id=id,
            link=link,
        )

        return presentation_asked
