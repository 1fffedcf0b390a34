from http import HTTPStatus
from typing import Any, cast

import httpx

from ...client import AuthenticatedClient, Client
from ...models.evaluation_answer import EvaluationAnswer
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    x_placet_customer: None | str | Unset = UNSET,
    x_placet_person: None | str | Unset = UNSET,
    x_placet_purpose: None | str | Unset = UNSET,
    x_placet_categories: None | str | Unset = UNSET,
    x_placet_action: None | str | Unset = UNSET,
    x_placet_delivery: None | str | Unset = UNSET,
    x_placet_third_party: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_placet_customer, Unset):
        headers["x-placet-customer"] = x_placet_customer

    if not isinstance(x_placet_person, Unset):
        headers["x-placet-person"] = x_placet_person

    if not isinstance(x_placet_purpose, Unset):
        headers["x-placet-purpose"] = x_placet_purpose

    if not isinstance(x_placet_categories, Unset):
        headers["x-placet-categories"] = x_placet_categories

    if not isinstance(x_placet_action, Unset):
        headers["x-placet-action"] = x_placet_action

    if not isinstance(x_placet_delivery, Unset):
        headers["x-placet-delivery"] = x_placet_delivery

    if not isinstance(x_placet_third_party, Unset):
        headers["x-placet-third-party"] = x_placet_third_party

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/access/v1/auth_request",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | EvaluationAnswer | Problem:
    if response.status_code == 200:
        response_200 = cast(Any, None)
        return response_200

    if response.status_code == 403:
        response_403 = EvaluationAnswer.from_dict(response.json())

        return response_403

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | EvaluationAnswer | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    x_placet_customer: None | str | Unset = UNSET,
    x_placet_person: None | str | Unset = UNSET,
    x_placet_purpose: None | str | Unset = UNSET,
    x_placet_categories: None | str | Unset = UNSET,
    x_placet_action: None | str | Unset = UNSET,
    x_placet_delivery: None | str | Unset = UNSET,
    x_placet_third_party: None | str | Unset = UNSET,
) -> Response[Any | EvaluationAnswer | Problem]:
    """nginx `auth_request`: 200 or 403.

    Args:
        x_placet_customer (None | str | Unset):
        x_placet_person (None | str | Unset):
        x_placet_purpose (None | str | Unset):
        x_placet_categories (None | str | Unset):
        x_placet_action (None | str | Unset):
        x_placet_delivery (None | str | Unset):
        x_placet_third_party (None | str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | EvaluationAnswer | Problem]
    """

    kwargs = _get_kwargs(
        x_placet_customer=x_placet_customer,
        x_placet_person=x_placet_person,
        x_placet_purpose=x_placet_purpose,
        x_placet_categories=x_placet_categories,
        x_placet_action=x_placet_action,
        x_placet_delivery=x_placet_delivery,
        x_placet_third_party=x_placet_third_party,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    x_placet_customer: None | str | Unset = UNSET,
    x_placet_person: None | str | Unset = UNSET,
    x_placet_purpose: None | str | Unset = UNSET,
    x_placet_categories: None | str | Unset = UNSET,
    x_placet_action: None | str | Unset = UNSET,
    x_placet_delivery: None | str | Unset = UNSET,
    x_placet_third_party: None | str | Unset = UNSET,
) -> Any | EvaluationAnswer | Problem | None:
    """nginx `auth_request`: 200 or 403.

    Args:
        x_placet_customer (None | str | Unset):
        x_placet_person (None | str | Unset):
        x_placet_purpose (None | str | Unset):
        x_placet_categories (None | str | Unset):
        x_placet_action (None | str | Unset):
        x_placet_delivery (None | str | Unset):
        x_placet_third_party (None | str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | EvaluationAnswer | Problem
    """

    return sync_detailed(
        client=client,
        x_placet_customer=x_placet_customer,
        x_placet_person=x_placet_person,
        x_placet_purpose=x_placet_purpose,
        x_placet_categories=x_placet_categories,
        x_placet_action=x_placet_action,
        x_placet_delivery=x_placet_delivery,
        x_placet_third_party=x_placet_third_party,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    x_placet_customer: None | str | Unset = UNSET,
    x_placet_person: None | str | Unset = UNSET,
    x_placet_purpose: None | str | Unset = UNSET,
    x_placet_categories: None | str | Unset = UNSET,
    x_placet_action: None | str | Unset = UNSET,
    x_placet_delivery: None | str | Unset = UNSET,
    x_placet_third_party: None | str | Unset = UNSET,
) -> Response[Any | EvaluationAnswer | Problem]:
    """nginx `auth_request`: 200 or 403.

    Args:
        x_placet_customer (None | str | Unset):
        x_placet_person (None | str | Unset):
        x_placet_purpose (None | str | Unset):
        x_placet_categories (None | str | Unset):
        x_placet_action (None | str | Unset):
        x_placet_delivery (None | str | Unset):
        x_placet_third_party (None | str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | EvaluationAnswer | Problem]
    """

    kwargs = _get_kwargs(
        x_placet_customer=x_placet_customer,
        x_placet_person=x_placet_person,
        x_placet_purpose=x_placet_purpose,
        x_placet_categories=x_placet_categories,
        x_placet_action=x_placet_action,
        x_placet_delivery=x_placet_delivery,
        x_placet_third_party=x_placet_third_party,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    x_placet_customer: None | str | Unset = UNSET,
    x_placet_person: None | str | Unset = UNSET,
    x_placet_purpose: None | str | Unset = UNSET,
    x_placet_categories: None | str | Unset = UNSET,
    x_placet_action: None | str | Unset = UNSET,
    x_placet_delivery: None | str | Unset = UNSET,
    x_placet_third_party: None | str | Unset = UNSET,
) -> Any | EvaluationAnswer | Problem | None:
    """nginx `auth_request`: 200 or 403.

    Args:
        x_placet_customer (None | str | Unset):
        x_placet_person (None | str | Unset):
        x_placet_purpose (None | str | Unset):
        x_placet_categories (None | str | Unset):
        x_placet_action (None | str | Unset):
        x_placet_delivery (None | str | Unset):
        x_placet_third_party (None | str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | EvaluationAnswer | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            x_placet_customer=x_placet_customer,
            x_placet_person=x_placet_person,
            x_placet_purpose=x_placet_purpose,
            x_placet_categories=x_placet_categories,
            x_placet_action=x_placet_action,
            x_placet_delivery=x_placet_delivery,
            x_placet_third_party=x_placet_third_party,
        )
    ).parsed
