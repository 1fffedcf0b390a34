from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.decision_evidence_bundle_type_0 import DecisionEvidenceBundleType0


T = TypeVar("T", bound="DecisionEvidence")


@_attrs_define
class DecisionEvidence:
    """On what a decision rests.

    Attributes:
        bundle (DecisionEvidenceBundleType0 | None | Unset): The evidence bundle of the first consent, when it was asked
            for and the ledger could be reached.
        consents (list[str] | Unset): The consents that decided. The ledger gives the bundle of each: `GET
            /v1/consents/{id}/evidence`.
        head_time (None | str | Unset):
        root (None | str | Unset):
        size (int | None | Unset): The size of the log at the feed head that it rests on.
    """

    bundle: DecisionEvidenceBundleType0 | None | Unset = UNSET
    consents: list[str] | Unset = UNSET
    head_time: None | str | Unset = UNSET
    root: None | str | Unset = UNSET
    size: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.decision_evidence_bundle_type_0 import DecisionEvidenceBundleType0

        bundle: dict[str, Any] | None | Unset
        if isinstance(self.bundle, Unset):
            bundle = UNSET
        elif isinstance(self.bundle, DecisionEvidenceBundleType0):
            bundle = self.bundle.to_dict()
        else:
            bundle = self.bundle

        consents: list[str] | Unset = UNSET
        if not isinstance(self.consents, Unset):
            consents = self.consents

        head_time: None | str | Unset
        if isinstance(self.head_time, Unset):
            head_time = UNSET
        else:
            head_time = self.head_time

        root: None | str | Unset
        if isinstance(self.root, Unset):
            root = UNSET
        else:
            root = self.root

        size: int | None | Unset
        if isinstance(self.size, Unset):
            size = UNSET
        else:
            size = self.size

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if bundle is not UNSET:
            field_dict["bundle"] = bundle
        if consents is not UNSET:
            field_dict["consents"] = consents
        if head_time is not UNSET:
            field_dict["head_time"] = head_time
        if root is not UNSET:
            field_dict["root"] = root
        if size is not UNSET:
            field_dict["size"] = size

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.decision_evidence_bundle_type_0 import DecisionEvidenceBundleType0

        d = dict(src_dict)

        def _parse_bundle(data: object) -> DecisionEvidenceBundleType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                bundle_type_0 = DecisionEvidenceBundleType0.from_dict(data)

                return bundle_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DecisionEvidenceBundleType0 | None | Unset, data)

        bundle = _parse_bundle(d.pop("bundle", UNSET))

        consents = cast(list[str], d.pop("consents", UNSET))

        def _parse_head_time(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        head_time = _parse_head_time(d.pop("head_time", UNSET))

        def _parse_root(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        root = _parse_root(d.pop("root", UNSET))

        def _parse_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        size = _parse_size(d.pop("size", UNSET))

        decision_evidence = cls(
            bundle=bundle,
            consents=consents,
            head_time=head_time,
            root=root,
            size=size,
        )

        return decision_evidence
