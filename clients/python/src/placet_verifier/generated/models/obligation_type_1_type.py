from typing import Literal

ObligationType1Type = Literal["delete_after"]

OBLIGATION_TYPE_1_TYPE_VALUES: set[ObligationType1Type] = {
    "delete_after",
}


def check_obligation_type_1_type(value: str) -> ObligationType1Type:
    if value in OBLIGATION_TYPE_1_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OBLIGATION_TYPE_1_TYPE_VALUES!r}")
