from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="DeclinedRequest")


@_attrs_define
class DeclinedRequest:
    """A request that a customer has said no to.

    Attributes:
        request (str): SHA-256 in lowercase hex
        until (str): RFC 3339, UTC, whole seconds
    """

    request: str
    until: str

    def to_dict(self) -> dict[str, Any]:
        request = self.request

        until = self.until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "request": request,
                "until": until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        request = d.pop("request")

        until = d.pop("until")

        declined_request = cls(
            request=request,
            until=until,
        )

        return declined_request
