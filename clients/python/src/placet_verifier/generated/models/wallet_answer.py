from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="WalletAnswer")


@_attrs_define
class WalletAnswer:
    """What a wallet posts (section 8.2). Parameters that are not known are ignored.

    Attributes:
        error (None | str | Unset): Why nothing is presented (section 8.5).
        response (None | str | Unset): All of that as a JWE, where the request asks for it (section 8.3).
        state (None | str | Unset): What the request said.
        vp_token (None | str | Unset): A JSON object: for each credential of the query, what is presented.
    """

    error: None | str | Unset = UNSET
    response: None | str | Unset = UNSET
    state: None | str | Unset = UNSET
    vp_token: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error: None | str | Unset
        if isinstance(self.error, Unset):
            error = UNSET
        else:
            error = self.error

        response: None | str | Unset
        if isinstance(self.response, Unset):
            response = UNSET
        else:
            response = self.response

        state: None | str | Unset
        if isinstance(self.state, Unset):
            state = UNSET
        else:
            state = self.state

        vp_token: None | str | Unset
        if isinstance(self.vp_token, Unset):
            vp_token = UNSET
        else:
            vp_token = self.vp_token

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if error is not UNSET:
            field_dict["error"] = error
        if response is not UNSET:
            field_dict["response"] = response
        if state is not UNSET:
            field_dict["state"] = state
        if vp_token is not UNSET:
            field_dict["vp_token"] = vp_token

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_error(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error = _parse_error(d.pop("error", UNSET))

        def _parse_response(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        response = _parse_response(d.pop("response", UNSET))

        def _parse_state(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        state = _parse_state(d.pop("state", UNSET))

        def _parse_vp_token(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        vp_token = _parse_vp_token(d.pop("vp_token", UNSET))

        wallet_answer = cls(
            error=error,
            response=response,
            state=state,
            vp_token=vp_token,
        )

        wallet_answer.additional_properties = d
        return wallet_answer

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
