from typing import Literal

ObligationType0Type = Literal["report_access"]

OBLIGATION_TYPE_0_TYPE_VALUES: set[ObligationType0Type] = {
    "report_access",
}


def check_obligation_type_0_type(value: str) -> ObligationType0Type:
    if value in OBLIGATION_TYPE_0_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OBLIGATION_TYPE_0_TYPE_VALUES!r}")
