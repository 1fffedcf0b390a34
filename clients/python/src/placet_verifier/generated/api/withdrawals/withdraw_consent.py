from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.direct_withdrawal_answer import DirectWithdrawalAnswer
from ...models.problem import Problem
from ...models.withdraw_consent_body import WithdrawConsentBody
from ...types import Response


def _get_kwargs(
    *,
    body: WithdrawConsentBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/withdrawals",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DirectWithdrawalAnswer | Problem:
    if response.status_code == 202:
        response_202 = DirectWithdrawalAnswer.from_dict(response.json())

        return response_202

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[DirectWithdrawalAnswer | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: WithdrawConsentBody,
) -> Response[DirectWithdrawalAnswer | Problem]:
    """Ends a consent here at once: a signed Withdrawal, or `{"code": …}`. It is forwarded to the ledger
    until it is acknowledged.

    Args:
        body (WithdrawConsentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DirectWithdrawalAnswer | Problem]
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
    client: AuthenticatedClient | Client,
    body: WithdrawConsentBody,
) -> DirectWithdrawalAnswer | Problem | None:
    """Ends a consent here at once: a signed Withdrawal, or `{"code": …}`. It is forwarded to the ledger
    until it is acknowledged.

    Args:
        body (WithdrawConsentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DirectWithdrawalAnswer | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: WithdrawConsentBody,
) -> Response[DirectWithdrawalAnswer | Problem]:
    """Ends a consent here at once: a signed Withdrawal, or `{"code": …}`. It is forwarded to the ledger
    until it is acknowledged.

    Args:
        body (WithdrawConsentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DirectWithdrawalAnswer | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: WithdrawConsentBody,
) -> DirectWithdrawalAnswer | Problem | None:
    """Ends a consent here at once: a signed Withdrawal, or `{"code": …}`. It is forwarded to the ledger
    until it is acknowledged.

    Args:
        body (WithdrawConsentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DirectWithdrawalAnswer | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
