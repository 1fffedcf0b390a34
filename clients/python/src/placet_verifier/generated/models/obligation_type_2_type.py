from typing import Literal

ObligationType2Type = Literal["no_onward_disclosure"]

OBLIGATION_TYPE_2_TYPE_VALUES: set[ObligationType2Type] = {
    "no_onward_disclosure",
}


def check_obligation_type_2_type(value: str) -> ObligationType2Type:
    if value in OBLIGATION_TYPE_2_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OBLIGATION_TYPE_2_TYPE_VALUES!r}")
