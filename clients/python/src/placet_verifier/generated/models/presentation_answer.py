from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.presentation_state import PresentationState, check_presentation_state
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.presentation_decision import PresentationDecision


T = TypeVar("T", bound="PresentationAnswer")


@_attrs_define
class PresentationAnswer:
    """What became of a request for a presentation.

    Attributes:
        state (PresentationState): How far a request for a presentation is.
        decided (None | PresentationDecision | Unset):
    """

    state: PresentationState
    decided: None | PresentationDecision | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.presentation_decision import PresentationDecision

        state: str = self.state

        decided: dict[str, Any] | None | Unset
        if isinstance(self.decided, Unset):
            decided = UNSET
        elif isinstance(self.decided, PresentationDecision):
            decided = self.decided.to_dict()
        else:
            decided = self.decided

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "state": state,
            }
        )
        if decided is not UNSET:
            field_dict["decided"] = decided

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.presentation_decision import PresentationDecision

        d = dict(src_dict)
        state = check_presentation_state(d.pop("state"))

        def _parse_decided(data: object) -> None | PresentationDecision | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                decided_type_0 = PresentationDecision.from_dict(data)

                return decided_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PresentationDecision | Unset, data)

        decided = _parse_decided(d.pop("decided", UNSET))

        presentation_answer = cls(
            state=state,
            decided=decided,
        )

        return presentation_answer
