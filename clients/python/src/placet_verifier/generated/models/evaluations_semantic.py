from typing import Literal

EvaluationsSemantic = Literal["deny_on_first_deny", "execute_all", "permit_on_first_permit"]

EVALUATIONS_SEMANTIC_VALUES: set[EvaluationsSemantic] = {
    "deny_on_first_deny",
    "execute_all",
    "permit_on_first_permit",
}


def check_evaluations_semantic(value: str) -> EvaluationsSemantic:
    if value in EVALUATIONS_SEMANTIC_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVALUATIONS_SEMANTIC_VALUES!r}")
