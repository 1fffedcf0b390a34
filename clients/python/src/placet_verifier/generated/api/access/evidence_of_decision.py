from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.evidence_of_decision_response_200 import EvidenceOfDecisionResponse200
from ...models.evidence_order import EvidenceOrder
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: EvidenceOrder,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/access/v1/evidence",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> EvidenceOfDecisionResponse200 | Problem:
    if response.status_code == 200:
        response_200 = EvidenceOfDecisionResponse200.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[EvidenceOfDecisionResponse200 | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: EvidenceOrder,
) -> Response[EvidenceOfDecisionResponse200 | Problem]:
    """The evidence bundle of the consent that a decision rests on, with the decision in it, tied to the
    log. Once the decision is
    anchored, which takes a minute or so, the bundle shows by when it was made, too.

    Args:
        body (EvidenceOrder): `POST /access/v1/evidence`: which decision is to be shown to
            somebody.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EvidenceOfDecisionResponse200 | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: EvidenceOrder,
) -> EvidenceOfDecisionResponse200 | Problem | None:
    """The evidence bundle of the consent that a decision rests on, with the decision in it, tied to the
    log. Once the decision is
    anchored, which takes a minute or so, the bundle shows by when it was made, too.

    Args:
        body (EvidenceOrder): `POST /access/v1/evidence`: which decision is to be shown to
            somebody.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EvidenceOfDecisionResponse200 | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: EvidenceOrder,
) -> Response[EvidenceOfDecisionResponse200 | Problem]:
    """The evidence bundle of the consent that a decision rests on, with the decision in it, tied to the
    log. Once the decision is
    anchored, which takes a minute or so, the bundle shows by when it was made, too.

    Args:
        body (EvidenceOrder): `POST /access/v1/evidence`: which decision is to be shown to
            somebody.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EvidenceOfDecisionResponse200 | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: EvidenceOrder,
) -> EvidenceOfDecisionResponse200 | Problem | None:
    """The evidence bundle of the consent that a decision rests on, with the decision in it, tied to the
    log. Once the decision is
    anchored, which takes a minute or so, the bundle shows by when it was made, too.

    Args:
        body (EvidenceOrder): `POST /access/v1/evidence`: which decision is to be shown to
            somebody.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EvidenceOfDecisionResponse200 | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
