from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.ask_presentation import AskPresentation
from ...models.presentation_asked import PresentationAsked
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: AskPresentation,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/presentations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> PresentationAsked | Problem:
    if response.status_code == 201:
        response_201 = PresentationAsked.from_dict(response.json())

        return response_201

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PresentationAsked | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: AskPresentation,
) -> Response[PresentationAsked | Problem]:
    """Ask a person to show the receipt of her consent: gives a link for her wallet.

    Args:
        body (AskPresentation): `POST /v1/presentations`: what a person is asked to show her
            receipt for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PresentationAsked | Problem]
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
    body: AskPresentation,
) -> PresentationAsked | Problem | None:
    """Ask a person to show the receipt of her consent: gives a link for her wallet.

    Args:
        body (AskPresentation): `POST /v1/presentations`: what a person is asked to show her
            receipt for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PresentationAsked | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: AskPresentation,
) -> Response[PresentationAsked | Problem]:
    """Ask a person to show the receipt of her consent: gives a link for her wallet.

    Args:
        body (AskPresentation): `POST /v1/presentations`: what a person is asked to show her
            receipt for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PresentationAsked | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: AskPresentation,
) -> PresentationAsked | Problem | None:
    """Ask a person to show the receipt of her consent: gives a link for her wallet.

    Args:
        body (AskPresentation): `POST /v1/presentations`: what a person is asked to show her
            receipt for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PresentationAsked | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
