from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.import_customers import ImportCustomers
from ...models.imported import Imported
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: ImportCustomers,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/customers/import",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Imported | Problem:
    if response.status_code == 200:
        response_200 = Imported.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Imported | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ImportCustomers,
) -> Response[Imported | Problem]:
    """Takes over rows of `placet brand invite`'s file: all or none.

    Args:
        body (ImportCustomers): `POST /v1/customers/import`: whom the brand invited; the rows of
            `placet brand invite`'s file.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Imported | Problem]
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
    body: ImportCustomers,
) -> Imported | Problem | None:
    """Takes over rows of `placet brand invite`'s file: all or none.

    Args:
        body (ImportCustomers): `POST /v1/customers/import`: whom the brand invited; the rows of
            `placet brand invite`'s file.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Imported | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ImportCustomers,
) -> Response[Imported | Problem]:
    """Takes over rows of `placet brand invite`'s file: all or none.

    Args:
        body (ImportCustomers): `POST /v1/customers/import`: whom the brand invited; the rows of
            `placet brand invite`'s file.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Imported | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ImportCustomers,
) -> Imported | Problem | None:
    """Takes over rows of `placet brand invite`'s file: all or none.

    Args:
        body (ImportCustomers): `POST /v1/customers/import`: whom the brand invited; the rows of
            `placet brand invite`'s file.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Imported | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
