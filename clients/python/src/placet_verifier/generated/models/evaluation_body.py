from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.asked_action import AskedAction
    from ..models.asked_context import AskedContext
    from ..models.asked_resource import AskedResource
    from ..models.asking_subject import AskingSubject


T = TypeVar("T", bound="EvaluationBody")


@_attrs_define
class EvaluationBody:
    """An access evaluation request: may this be done with this person's data, now?

    Attributes:
        action (AskedAction): What is to be done.
        resource (AskedResource): Whose data, and which.
        subject (AskingSubject): Who asks. A person's DID here is refused.
        context (AskedContext | None | Unset):
    """

    action: AskedAction
    resource: AskedResource
    subject: AskingSubject
    context: AskedContext | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.asked_context import AskedContext

        action = self.action.to_dict()

        resource = self.resource.to_dict()

        subject = self.subject.to_dict()

        context: dict[str, Any] | None | Unset
        if isinstance(self.context, Unset):
            context = UNSET
        elif isinstance(self.context, AskedContext):
            context = self.context.to_dict()
        else:
            context = self.context

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "resource": resource,
                "subject": subject,
            }
        )
        if context is not UNSET:
            field_dict["context"] = context

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.asked_action import AskedAction
        from ..models.asked_context import AskedContext
        from ..models.asked_resource import AskedResource
        from ..models.asking_subject import AskingSubject

        d = dict(src_dict)
        action = AskedAction.from_dict(d.pop("action"))

        resource = AskedResource.from_dict(d.pop("resource"))

        subject = AskingSubject.from_dict(d.pop("subject"))

        def _parse_context(data: object) -> AskedContext | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                context_type_0 = AskedContext.from_dict(data)

                return context_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AskedContext | None | Unset, data)

        context = _parse_context(d.pop("context", UNSET))

        evaluation_body = cls(
            action=action,
            resource=resource,
            subject=subject,
            context=context,
        )

        evaluation_body.additional_properties = d
        return evaluation_body

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
