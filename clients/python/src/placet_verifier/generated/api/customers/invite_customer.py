from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.customer_link import CustomerLink
from ...models.invite_customer import InviteCustomer
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: InviteCustomer,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/customers/invitations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> CustomerLink | Problem:
    if response.status_code == 201:
        response_201 = CustomerLink.from_dict(response.json())

        return response_201

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CustomerLink | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: InviteCustomer,
) -> Response[CustomerLink | Problem]:
    """Invites a customer to answer a request: the ledger makes the invitation, the reference stays here.

    Args:
        body (InviteCustomer): `POST /v1/customers/invitations`: invites a customer to answer a
            request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CustomerLink | Problem]
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
    body: InviteCustomer,
) -> CustomerLink | Problem | None:
    """Invites a customer to answer a request: the ledger makes the invitation, the reference stays here.

    Args:
        body (InviteCustomer): `POST /v1/customers/invitations`: invites a customer to answer a
            request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CustomerLink | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: InviteCustomer,
) -> Response[CustomerLink | Problem]:
    """Invites a customer to answer a request: the ledger makes the invitation, the reference stays here.

    Args:
        body (InviteCustomer): `POST /v1/customers/invitations`: invites a customer to answer a
            request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CustomerLink | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: InviteCustomer,
) -> CustomerLink | Problem | None:
    """Invites a customer to answer a request: the ledger makes the invitation, the reference stays here.

    Args:
        body (InviteCustomer): `POST /v1/customers/invitations`: invites a customer to answer a
            request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CustomerLink | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
