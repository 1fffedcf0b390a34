from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.response_mode import ResponseMode, check_response_mode
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.asked import Asked


T = TypeVar("T", bound="AskPresentation")


@_attrs_define
class AskPresentation:
    """`POST /v1/presentations`: what a person is asked to show her receipt for.

    Attributes:
        asked (Asked): What is to be done with which data.
        redirect_uri (None | str | Unset): Where her browser goes on when her wallet has answered: https, without a
            fragment. It gets a `response_code`, without
            which the decision is not told: so it is for the browser of whoever answered, and not of somebody who sent her
            the link
            (OpenID4VP 1.0 section 8.2).
        response_mode (None | ResponseMode | Unset):
        subject (None | str | Unset):
    """

    asked: Asked
    redirect_uri: None | str | Unset = UNSET
    response_mode: None | ResponseMode | Unset = UNSET
    subject: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        asked = self.asked.to_dict()

        redirect_uri: None | str | Unset
        if isinstance(self.redirect_uri, Unset):
            redirect_uri = UNSET
        else:
            redirect_uri = self.redirect_uri

        response_mode: None | str | Unset
        if isinstance(self.response_mode, Unset):
            response_mode = UNSET
        elif isinstance(self.response_mode, str):
            response_mode = self.response_mode
        else:
            response_mode = self.response_mode

        subject: None | str | Unset
        if isinstance(self.subject, Unset):
            subject = UNSET
        else:
            subject = self.subject

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "asked": asked,
            }
        )
        if redirect_uri is not UNSET:
            field_dict["redirectUri"] = redirect_uri
        if response_mode is not UNSET:
            field_dict["responseMode"] = response_mode
        if subject is not UNSET:
            field_dict["subject"] = subject

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.asked import Asked

        d = dict(src_dict)
        asked = Asked.from_dict(d.pop("asked"))

        def _parse_redirect_uri(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        redirect_uri = _parse_redirect_uri(d.pop("redirectUri", UNSET))

        def _parse_response_mode(data: object) -> None | ResponseMode | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                response_mode_type_0 = check_response_mode(data)

                return response_mode_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ResponseMode | Unset, data)

        response_mode = _parse_response_mode(d.pop("responseMode", UNSET))

        def _parse_subject(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        subject = _parse_subject(d.pop("subject", UNSET))

        ask_presentation = cls(
            asked=asked,
            redirect_uri=redirect_uri,
            response_mode=response_mode,
            subject=subject,
        )

        return ask_presentation
