from typing import Literal

ReasonCode = Literal[
    "basis_not_consent",
    "category_not_covered",
    "controller_unknown",
    "customer_unknown",
    "delivery_not_covered",
    "ended_by_controller",
    "expired",
    "explicit_consent_missing",
    "no_record",
    "notice_superseded",
    "permitted",
    "processing_not_covered",
    "proof_invalid",
    "purpose_not_named",
    "request_malformed",
    "state_stale",
    "strength_too_low",
    "third_party_not_named",
    "withdrawn",
]

REASON_CODE_VALUES: set[ReasonCode] = {
    "basis_not_consent",
    "category_not_covered",
    "controller_unknown",
    "customer_unknown",
    "delivery_not_covered",
    "ended_by_controller",
    "expired",
    "explicit_consent_missing",
    "no_record",
    "notice_superseded",
    "permitted",
    "processing_not_covered",
    "proof_invalid",
    "purpose_not_named",
    "request_malformed",
    "state_stale",
    "strength_too_low",
    "third_party_not_named",
    "withdrawn",
}


def check_reason_code(value: str) -> ReasonCode:
    if value in REASON_CODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {REASON_CODE_VALUES!r}")
