from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.reason_code import ReasonCode, check_reason_code
from ..types import UNSET, Unset

T = TypeVar("T", bound="Reason")


@_attrs_define
class Reason:
    """One reason.

    Attributes:
        code (ReasonCode): Why a decision is as it is. The codes are stable.
        path (str): RFC 6901 pointer into the request: what of it is meant.
        why (str): What it means, and what to do.
        article (None | str | Unset): Article of the GDPR.
        ask (None | str | Unset):
        category (None | str | Unset): The category that it is about, where it is about one.
        consent (None | str | Unset):
        record (None | str | Unset):
    """

    code: ReasonCode
    path: str
    why: str
    article: None | str | Unset = UNSET
    ask: None | str | Unset = UNSET
    category: None | str | Unset = UNSET
    consent: None | str | Unset = UNSET
    record: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        code: str = self.code

        path = self.path

        why = self.why

        article: None | str | Unset
        if isinstance(self.article, Unset):
            article = UNSET
        else:
            article = self.article

        ask: None | str | Unset
        if isinstance(self.ask, Unset):
            ask = UNSET
        else:
            ask = self.ask

        category: None | str | Unset
        if isinstance(self.category, Unset):
            category = UNSET
        else:
            category = self.category

        consent: None | str | Unset
        if isinstance(self.consent, Unset):
            consent = UNSET
        else:
            consent = self.consent

        record: None | str | Unset
        if isinstance(self.record, Unset):
            record = UNSET
        else:
            record = self.record

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code": code,
                "path": path,
                "why": why,
            }
        )
        if article is not UNSET:
            field_dict["article"] = article
        if ask is not UNSET:
            field_dict["ask"] = ask
        if category is not UNSET:
            field_dict["category"] = category
        if consent is not UNSET:
            field_dict["consent"] = consent
        if record is not UNSET:
            field_dict["record"] = record

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        code = check_reason_code(d.pop("code"))

        path = d.pop("path")

        why = d.pop("why")

        def _parse_article(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        article = _parse_article(d.pop("article", UNSET))

        def _parse_ask(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ask = _parse_ask(d.pop("ask", UNSET))

        def _parse_category(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        category = _parse_category(d.pop("category", UNSET))

        def _parse_consent(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        consent = _parse_consent(d.pop("consent", UNSET))

        def _parse_record(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        record = _parse_record(d.pop("record", UNSET))

        reason = cls(
            code=code,
            path=path,
            why=why,
            article=article,
            ask=ask,
            category=category,
            consent=consent,
            record=record,
        )

        return reason
