from typing import Literal

ResponseMode = Literal["direct_post", "direct_post.jwt"]

RESPONSE_MODE_VALUES: set[ResponseMode] = {
    "direct_post",
    "direct_post.jwt",
}


def check_response_mode(value: str) -> ResponseMode:
    if value in RESPONSE_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RESPONSE_MODE_VALUES!r}")
