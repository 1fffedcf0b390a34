from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.evaluation_answer import EvaluationAnswer


T = TypeVar("T", bound="EvaluationsAnswer")


@_attrs_define
class EvaluationsAnswer:
    """The answer to an access evaluations request.

    Attributes:
        evaluations (list[EvaluationAnswer]): One for each request that was worked off, in their order.
    """

    evaluations: list[EvaluationAnswer]

    def to_dict(self) -> dict[str, Any]:
        evaluations = []
        for evaluations_item_data in self.evaluations:
            evaluations_item = evaluations_item_data.to_dict()
            evaluations.append(evaluations_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "evaluations": evaluations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.evaluation_answer import EvaluationAnswer

        d = dict(src_dict)
        evaluations = []
        _evaluations = d.pop("evaluations")
        for evaluations_item_data in _evaluations:
            evaluations_item = EvaluationAnswer.from_dict(evaluations_item_data)

            evaluations.append(evaluations_item)

        evaluations_answer = cls(
            evaluations=evaluations,
        )

        return evaluations_answer
