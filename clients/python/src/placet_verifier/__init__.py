"""Asks a Placet verifier before personal data is touched.

Every failure is a deny: :meth:`Verifier.decide` neither raises nor returns anything between permit and deny. The package
``generated`` is made from the OpenAPI document of the verifier: do not edit it. ``Verifier.api`` is its client, for every
other call.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from .generated import AuthenticatedClient
from .generated.api.access import evaluate, evaluate_many, report_accesses
from .generated.models import (
    EvaluationAnswer,
    EvaluationBody,
    EvaluationsAnswer,
    EvaluationsBody,
    Problem,
    ReportAccesses,
    Reported,
    ReportedAccess,
)
from .generated.types import Response

DECISION_TIMEOUT = 1.0
"""Seconds. A permit is good for a second, so an answer that takes longer is of no use."""
CALL_TIMEOUT = 10.0
"""Seconds. A report is on the verifier's disk when it is answered."""

__all__ = ["CALL_TIMEOUT", "DECISION_TIMEOUT", "Decision", "Verifier", "VerifierError"]


@dataclass(frozen=True)
class Decision:
    """Permit, or deny with a code for programs and a reason for people. It is true exactly when it permits."""

    permitted: bool
    code: str
    why: str
    evaluation_id: str | None = None
    answer: EvaluationAnswer | None = None

    def __bool__(self) -> bool:
        return self.permitted


class VerifierError(Exception):
    """A call other than a decision was refused."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Verifier:
    """A brand's verifier."""

    def __init__(self, url: str, token: str | None = None, decision_timeout: float = DECISION_TIMEOUT) -> None:
        self._decision_timeout = decision_timeout
        self.api = self._client(url, token, CALL_TIMEOUT)
        self._deciding = self._client(url, token, decision_timeout)

    @staticmethod
    def _client(url: str, token: str | None, timeout: float) -> AuthenticatedClient:
        # Neither a proxy of the environment nor a redirect may lead a question, and the token, elsewhere.
        client = AuthenticatedClient(
            base_url=url.rstrip("/"),
            token=token or "",
            timeout=httpx.Timeout(timeout),
            follow_redirects=False,
            httpx_args={"trust_env": False},
        )
        if token is None:
            # The generated client shows a token always; an empty one is none.
            client.set_httpx_client(
                httpx.Client(base_url=url.rstrip("/"), timeout=timeout, follow_redirects=False, trust_env=False)
            )
        return client

    def decide(self, question: EvaluationBody) -> Decision:
        """Permit or deny. Never raises."""
        began = time.monotonic()
        try:
            response = evaluate.sync_detailed(client=self._deciding, body=question)
            failure = self._failure(began, response)
            return _decision(response.parsed) if failure is None else failure
        except Exception as fault:  # noqa: BLE001: whatever goes wrong is a deny
            return _failed(fault)

    def permits(self, question: EvaluationBody) -> bool:
        """Whether it is permitted, now. Whatever goes wrong, it is not."""
        return self.decide(question).permitted

    def decide_many(self, questions: EvaluationsBody) -> list[Decision]:
        """Decisions on several questions, as many as there are questions. Never raises.

        One that was not worked off, because the semantic ended before it, is a deny. Where there is no question there is one
        deny, so that all of the answers are never permits by being none.
        """
        began = time.monotonic()
        asked = questions.evaluations
        count = len(asked) if isinstance(asked, list) else 0
        if count == 0:
            return [_deny("malformed", "there is no question; ask a single one with decide")]
        try:
            response = evaluate_many.sync_detailed(client=self._deciding, body=questions)
            failure = self._failure(began, response)
            if failure is not None:
                return [failure] * count
            answers = response.parsed.evaluations if isinstance(response.parsed, EvaluationsAnswer) else None
            if answers is None or len(answers) > count:
                return [_deny("malformed", "the answer is malformed")] * count
            ended = _deny("not_asked", "an earlier decision ended the call")
            return [_decision(answer) for answer in answers] + [ended] * (count - len(answers))
        except Exception as fault:  # noqa: BLE001: whatever goes wrong is a deny
            return [_failed(fault)] * count

    def report(self, accesses: Sequence[ReportedAccess]) -> Reported:
        """Reports what was really done. To report again after an error may report twice, which is better than never."""
        response = report_accesses.sync_detailed(client=self.api, body=ReportAccesses(accesses=list(accesses)))
        if isinstance(response.parsed, Reported):
            return response.parsed
        problem = response.parsed
        raise VerifierError(problem.code, problem.detail) if isinstance(problem, Problem) else VerifierError("unknown", "")

    def _failure(self, began: float, response: Response) -> Decision | None:
        # The HTTP client's time-out is for each piece that arrives, not for all of them.
        if time.monotonic() - began > self._decision_timeout:
            return _deny("slow", "the verifier did not answer in time")
        return _refused(response)


def _decision(answer: object) -> Decision:
    # The generated code checks no types, so only the word true in its place is a permit.
    if isinstance(answer, EvaluationAnswer):
        identity, reasons = answer.context.evaluation_id, answer.context.reasons
        if answer.decision is True and isinstance(identity, str):
            return Decision(True, "permitted", reasons[0].why if reasons else "", identity, answer)
        if answer.decision is False and reasons:
            return Decision(False, str(reasons[0].code), reasons[0].why, identity, answer)
    return _deny("malformed", "the answer is malformed")


def _refused(response: Response) -> Decision | None:
    if response.status_code == 200:
        return None
    problem = response.parsed
    said = f"{problem.code}: {problem.detail}" if isinstance(problem, Problem) else "it does not say why"
    return _deny("refused", f"the verifier refused: {int(response.status_code)} {said}")


def _deny(code: str, why: str) -> Decision:
    return Decision(False, code, why)


def _failed(fault: Exception) -> Decision:
    if isinstance(fault, httpx.TimeoutException):
        return _deny("slow", "the verifier did not answer in time")
    if isinstance(fault, httpx.HTTPError):
        return _deny("unreachable", f"the verifier cannot be reached: {fault}")
    return _deny("malformed", f"the answer is malformed: {type(fault).__name__}")
