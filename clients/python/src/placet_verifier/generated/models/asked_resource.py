from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.resource_properties import ResourceProperties


T = TypeVar("T", bound="AskedResource")


@_attrs_define
class AskedResource:
    """Whose data, and which.

    Attributes:
        id (str): The reference, or the DID. Example: C-10042.
        type_ (str): `customer` (the brand's own reference) or `personal_data` (the person's pairwise DID). Example:
            customer.
        properties (None | ResourceProperties | Unset):
    """

    id: str
    type_: str
    properties: None | ResourceProperties | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.resource_properties import ResourceProperties

        id = self.id

        type_ = self.type_

        properties: dict[str, Any] | None | Unset
        if isinstance(self.properties, Unset):
            properties = UNSET
        elif isinstance(self.properties, ResourceProperties):
            properties = self.properties.to_dict()
        else:
            properties = self.properties

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "type": type_,
            }
        )
        if properties is not UNSET:
            field_dict["properties"] = properties

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.resource_properties import ResourceProperties

        d = dict(src_dict)
        id = d.pop("id")

        type_ = d.pop("type")

        def _parse_properties(data: object) -> None | ResourceProperties | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                properties_type_0 = ResourceProperties.from_dict(data)

                return properties_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ResourceProperties | Unset, data)

        properties = _parse_properties(d.pop("properties", UNSET))

        asked_resource = cls(
            id=id,
            type_=type_,
            properties=properties,
        )

        asked_resource.additional_properties = d
        return asked_resource

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
