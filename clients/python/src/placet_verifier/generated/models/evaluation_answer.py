from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.decision_context import DecisionContext


T = TypeVar("T", bound="EvaluationAnswer")


@_attrs_define
class EvaluationAnswer:
    """The answer to one access evaluation request.

    Attributes:
        context (DecisionContext): What an answer says besides yes or no.
        decision (bool): Permit or deny.
    """

    context: DecisionContext
    decision: bool

    def to_dict(self) -> dict[str, Any]:
        context = self.context.to_dict()

        decision = self.decision

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "context": context,
                "decision": decision,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.decision_context import DecisionContext

        d = dict(src_dict)
        context = DecisionContext.from_dict(d.pop("context"))

        decision = d.pop("decision")

        evaluation_answer = cls(
            context=context,
            decision=decision,
        )

        return evaluation_answer
