from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.report_accesses import ReportAccesses
from ...models.reported import Reported
from ...types import Response


def _get_kwargs(
    *,
    body: ReportAccesses,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/access/v1/reports",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Reported:
    if response.status_code == 200:
        response_200 = Reported.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Reported]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ReportAccesses,
) -> Response[Problem | Reported]:
    """Writes down accesses that took place. They are on disk when this is answered, are anchored within a
    minute or so, and the
    persons whom they are about can read them at the ledger.

    Args:
        body (ReportAccesses): Accesses that took place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Reported]
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
    body: ReportAccesses,
) -> Problem | Reported | None:
    """Writes down accesses that took place. They are on disk when this is answered, are anchored within a
    minute or so, and the
    persons whom they are about can read them at the ledger.

    Args:
        body (ReportAccesses): Accesses that took place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Reported
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ReportAccesses,
) -> Response[Problem | Reported]:
    """Writes down accesses that took place. They are on disk when this is answered, are anchored within a
    minute or so, and the
    persons whom they are about can read them at the ledger.

    Args:
        body (ReportAccesses): Accesses that took place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Reported]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ReportAccesses,
) -> Problem | Reported | None:
    """Writes down accesses that took place. They are on disk when this is answered, are anchored within a
    minute or so, and the
    persons whom they are about can read them at the ledger.

    Args:
        body (ReportAccesses): Accesses that took place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Reported
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
