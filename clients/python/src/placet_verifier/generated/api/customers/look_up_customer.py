from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.customer_view import CustomerView
from ...models.look_customer import LookCustomer
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: LookCustomer,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/customers/look",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> CustomerView | Problem:
    if response.status_code == 200:
        response_200 = CustomerView.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CustomerView | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: LookCustomer,
) -> Response[CustomerView | Problem]:
    """What is known of a customer: her invitations, the consents that answer them, and what she has said
    no to.

    Args:
        body (LookCustomer): `POST /v1/customers/look`: what is known of a customer. The reference
            is in the body, so that no log has it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CustomerView | Problem]
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
    body: LookCustomer,
) -> CustomerView | Problem | None:
    """What is known of a customer: her invitations, the consents that answer them, and what she has said
    no to.

    Args:
        body (LookCustomer): `POST /v1/customers/look`: what is known of a customer. The reference
            is in the body, so that no log has it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CustomerView | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: LookCustomer,
) -> Response[CustomerView | Problem]:
    """What is known of a customer: her invitations, the consents that answer them, and what she has said
    no to.

    Args:
        body (LookCustomer): `POST /v1/customers/look`: what is known of a customer. The reference
            is in the body, so that no log has it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CustomerView | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: LookCustomer,
) -> CustomerView | Problem | None:
    """What is known of a customer: her invitations, the consents that answer them, and what she has said
    no to.

    Args:
        body (LookCustomer): `POST /v1/customers/look`: what is known of a customer. The reference
            is in the body, so that no log has it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CustomerView | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
