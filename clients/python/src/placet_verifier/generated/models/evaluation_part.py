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


T = TypeVar("T", bound="EvaluationPart")


@_attrs_define
class EvaluationPart:
    """One of several questions: what differs from the defaults.

    Attributes:
        action (AskedAction | None | Unset):
        context (AskedContext | None | Unset):
        resource (AskedResource | None | Unset):
        subject (AskingSubject | None | Unset):
    """

    action: AskedAction | None | Unset = UNSET
    context: AskedContext | None | Unset = UNSET
    resource: AskedResource | None | Unset = UNSET
    subject: AskingSubject | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.asked_action import AskedAction
        from ..models.asked_context import AskedContext
        from ..models.asked_resource import AskedResource
        from ..models.asking_subject import AskingSubject

        action: dict[str, Any] | None | Unset
        if isinstance(self.action, Unset):
            action = UNSET
        elif isinstance(self.action, AskedAction):
            action = self.action.to_dict()
        else:
            action = self.action

        context: dict[str, Any] | None | Unset
        if isinstance(self.context, Unset):
            context = UNSET
        elif isinstance(self.context, AskedContext):
            context = self.context.to_dict()
        else:
            context = self.context

        resource: dict[str, Any] | None | Unset
        if isinstance(self.resource, Unset):
            resource = UNSET
        elif isinstance(self.resource, AskedResource):
            resource = self.resource.to_dict()
        else:
            resource = self.resource

        subject: dict[str, Any] | None | Unset
        if isinstance(self.subject, Unset):
            subject = UNSET
        elif isinstance(self.subject, AskingSubject):
            subject = self.subject.to_dict()
        else:
            subject = self.subject

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if action is not UNSET:
            field_dict["action"] = action
        if context is not UNSET:
            field_dict["context"] = context
        if resource is not UNSET:
            field_dict["resource"] = resource
        if subject is not UNSET:
            field_dict["subject"] = subject

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.asked_action import AskedAction
        from ..models.asked_context import AskedContext
        from ..models.asked_resource import AskedResource
        from ..models.asking_subject import AskingSubject

        d = dict(src_dict)

        def _parse_action(data: object) -> AskedAction | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                action_type_0 = AskedAction.from_dict(data)

                return action_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AskedAction | None | Unset, data)

        action = _parse_action(d.pop("action", UNSET))

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

        def _parse_resource(data: object) -> AskedResource | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                resource_type_0 = AskedResource.from_dict(data)

                return resource_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AskedResource | None | Unset, data)

        resource = _parse_resource(d.pop("resource", UNSET))

        def _parse_subject(data: object) -> AskingSubject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                subject_type_0 = AskingSubject.from_dict(data)

                return subject_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AskingSubject | None | Unset, data)

        subject = _parse_subject(d.pop("subject", UNSET))

        evaluation_part = cls(
            action=action,
            context=context,
            resource=resource,
            subject=subject,
        )

        evaluation_part.additional_properties = d
        return evaluation_part

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
