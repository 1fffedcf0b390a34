from typing import Literal

PresentationState = Literal["declined", "presented", "waiting"]

PRESENTATION_STATE_VALUES: set[PresentationState] = {
    "declined",
    "presented",
    "waiting",
}


def check_presentation_state(value: str) -> PresentationState:
    if value in PRESENTATION_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRESENTATION_STATE_VALUES!r}")
