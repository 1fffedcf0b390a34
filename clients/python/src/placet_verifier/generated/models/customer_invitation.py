from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CustomerInvitation")


@_attrs_define
class CustomerInvitation:
    """An invitation of a customer.

    Attributes:
        invitation (str): SHA-256 in lowercase hex
        consent (None | str | Unset):
        effective (None | str | Unset):
    """

    invitation: str
    consent: None | str | Unset = UNSET
    effective: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        invitation = self.invitation

        consent: None | str | Unset
        if isinstance(self.consent, Unset):
            consent = UNSET
        else:
            consent = self.consent

        effective: None | str | Unset
        if isinstance(self.effective, Unset):
            effective = UNSET
        else:
            effective = self.effective

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "invitation": invitation,
            }
        )
        if consent is not UNSET:
            field_dict["consent"] = consent
        if effective is not UNSET:
            field_dict["effective"] = effective

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        invitation = d.pop("invitation")

        def _parse_consent(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        consent = _parse_consent(d.pop("consent", UNSET))

        def _parse_effective(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        effective = _parse_effective(d.pop("effective", UNSET))

        customer_invitation = cls(
            invitation=invitation,
            consent=consent,
            effective=effective,
        )

        return customer_invitation
