from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="DirectWithdrawalAnswer")


@_attrs_define
class DirectWithdrawalAnswer:
    """The answer to a withdrawal that is handed to the brand, 202: it counts here from now on, and is on its way to the
    ledger.

        Attributes:
            consent (str): SHA-256 in lowercase hex
            received (str): The verifier's signed word for it: a compact JWS over a [`DirectWithdrawal`].
            received_at (str): RFC 3339, UTC, whole seconds
    """

    consent: str
    received: str
    received_at: str

    def to_dict(self) -> dict[str, Any]:
        consent = self.consent

        received = self.received

        received_at = self.received_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "consent": consent,
                "received": received,
                "receivedAt": received_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        consent = d.pop("consent")

        received = d.pop("received")

        received_at = d.pop("receivedAt")

        direct_withdrawal_answer = cls(
            consent=consent,
            received=received,
            received_at=received_at,
        )

        return direct_withdrawal_answer
