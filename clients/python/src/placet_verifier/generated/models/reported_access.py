from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReportedAccess")


@_attrs_define
class ReportedAccess:
    """One access. Whose data it was is said by the decision that it acted on, or by `customer` or `person`.

    Attributes:
        categories (list[str]): Which data.
        delivery (str): How it was delivered.
        processing (str): What was done.
        purpose (str): What for.
        service (str): Which of the brand's services.
        at (None | str | Unset):
        customer (None | str | Unset):
        evaluation (None | str | Unset): `evaluation_id` of the permit that it acted on.
        person (None | str | Unset):
        third_party (None | str | Unset): To whom it was disclosed.
    """

    categories: list[str]
    delivery: str
    processing: str
    purpose: str
    service: str
    at: None | str | Unset = UNSET
    customer: None | str | Unset = UNSET
    evaluation: None | str | Unset = UNSET
    person: None | str | Unset = UNSET
    third_party: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        categories = self.categories

        delivery = self.delivery

        processing = self.processing

        purpose = self.purpose

        service = self.service

        at: None | str | Unset
        if isinstance(self.at, Unset):
            at = UNSET
        else:
            at = self.at

        customer: None | str | Unset
        if isinstance(self.customer, Unset):
            customer = UNSET
        else:
            customer = self.customer

        evaluation: None | str | Unset
        if isinstance(self.evaluation, Unset):
            evaluation = UNSET
        else:
            evaluation = self.evaluation

        person: None | str | Unset
        if isinstance(self.person, Unset):
            person = UNSET
        else:
            person = self.person

        third_party: None | str | Unset
        if isinstance(self.third_party, Unset):
            third_party = UNSET
        else:
            third_party = self.third_party

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "categories": categories,
                "delivery": delivery,
                "processing": processing,
                "purpose": purpose,
                "service": service,
            }
        )
        if at is not UNSET:
            field_dict["at"] = at
        if customer is not UNSET:
            field_dict["customer"] = customer
        if evaluation is not UNSET:
            field_dict["evaluation"] = evaluation
        if person is not UNSET:
            field_dict["person"] = person
        if third_party is not UNSET:
            field_dict["thirdParty"] = third_party

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        categories = cast(list[str], d.pop("categories"))

        delivery = d.pop("delivery")

        processing = d.pop("processing")

        purpose = d.pop("purpose")

        service = d.pop("service")

        def _parse_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        at = _parse_at(d.pop("at", UNSET))

        def _parse_customer(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        customer = _parse_customer(d.pop("customer", UNSET))

        def _parse_evaluation(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        evaluation = _parse_evaluation(d.pop("evaluation", UNSET))

        def _parse_person(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        person = _parse_person(d.pop("person", UNSET))

        def _parse_third_party(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        third_party = _parse_third_party(d.pop("thirdParty", UNSET))

        reported_access = cls(
            categories=categories,
            delivery=delivery,
            processing=processing,
            purpose=purpose,
            service=service,
            at=at,
            customer=customer,
            evaluation=evaluation,
            person=person,
            third_party=third_party,
        )

        return reported_access
