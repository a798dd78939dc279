"""`GET /v1/models` in the shape each client asks for."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest
from loopback import Serving, provider, serving

from proxy.catalogue import Catalogue, KeyRef, Model, Provider
from proxy.catalogue.provider import Billing, Place
from proxy.listing import models_body, wants_anthropic
from proxy.model import Protocol

ANTHROPIC = Protocol.MESSAGES
OPENAI = Protocol.CHAT


def made(name: str, models: tuple[str, ...], *protocols: Protocol) -> Provider:
    return Provider(
        id=name,
        name=name,
        base_url="http://127.0.0.1:9",
        protocols=protocols,
        key=KeyRef("none"),
        billing=Billing.METERED,
        place=Place.PROVIDER,
        models=tuple(Model(id=one, context=1_000, max_output=100) for one in models),
    )


def ids(catalogue: Catalogue, *, anthropic: bool, **not_ready: str) -> list[str]:
    told = json.loads(models_body(catalogue, not_ready, anthropic=anthropic))
    return [row["id"] for row in told["data"]]


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ((("Anthropic-Version", "2023-06-01"),), True),
        ((("User-Agent", "claude-cli/2.1 (external, cli)"),), True),
        ((("user-agent", "Bun/1.3"),), True),
        ((("user-agent", "codex_cli_rs/0.60"),), False),
        ((("user-agent", "my claude-cli"),), False),
        ((), False),
    ],
)
def test_which_shape_is_wanted(
    headers: tuple[tuple[str, str], ...], wanted: bool
) -> None:
    assert wants_anthropic(headers) is wanted


def test_each_shape_lists_who_speaks_its_protocol_each_name_once() -> None:
    catalogue = Catalogue(
        (
            made("a", ("claude-x", "both"), ANTHROPIC),
            made("b", ("gpt-x", "both"), OPENAI),
            made("c", ("local", "claude-x"), ANTHROPIC, OPENAI),
        ),
        "snap",
    )
    assert ids(catalogue, anthropic=True) == ["claude-x", "both", "local"]
    assert ids(catalogue, anthropic=False) == ["gpt-x", "both", "local", "claude-x"]
    told = json.loads(models_body(catalogue, {}, anthropic=False))
    owners = {row["id"]: row["owned_by"] for row in told["data"]}
    assert owners["both"] == "b"


def test_who_is_not_ready_lists_nothing() -> None:
    catalogue = Catalogue(
        (made("a", ("x",), ANTHROPIC), made("c", ("y",), ANTHROPIC)), "snap"
    )
    assert ids(catalogue, anthropic=True, a="no key") == ["y"]
    assert ids(catalogue, anthropic=True, a="no key", c="no key") == []
    told = json.loads(models_body(catalogue, {"a": "x", "c": "x"}, anthropic=True))
    assert (told["first_id"], told["last_id"], told["has_more"]) == (None, None, False)


def test_with_no_provider_the_practice_model_is_listed() -> None:
    empty = Catalogue((), "snap")
    assert len(ids(empty, anthropic=True)) == len(ids(empty, anthropic=False)) == 1


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h", provider("http://127.0.0.1:9")) as served:
        yield served


async def test_claude_codes_discovery_and_codexs(gateway: Serving) -> None:
    headers = {"x-api-key": gateway.key}
    discovery = headers | {"anthropic-version": "2023-06-01"}
    for path in ("/v1/models?limit=1000", "/v1/v1/models?limit=1000"):
        async with gateway.session.get(gateway.url + path, headers=discovery) as got:
            assert (got.status, got.content_type) == (200, "application/json")
            told = await got.json()
        (row,) = told["data"]
        assert (row["id"], row["type"]) == ("scripted-large", "model")
        assert (row["max_input_tokens"], row["max_tokens"]) == (200_000, 64_000)
        assert (told["first_id"], told["last_id"], told["has_more"]) == (
            "scripted-large",
            "scripted-large",
            False,
        )
    async with gateway.session.get(
        gateway.url + "/v1/models?client_version=0.60.1", headers=headers
    ) as got:
        assert await got.json() == {
            "object": "list",
            "data": [
                {
                    "id": "scripted-large",
                    "object": "model",
                    "created": 0,
                    "owned_by": "scripted",
                }
            ],
        }


async def test_the_vendors_own_clients_read_the_list(gateway: Serving) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=gateway.url,
        api_key=gateway.key,
        max_retries=0,
        _strict_response_validation=True,
    ) as claude:
        assert [m.id async for m in claude.models.list(limit=1000)] == [
            "scripted-large"
        ]
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1",
        api_key=gateway.key,
        max_retries=0,
        _strict_response_validation=True,
    ) as gpt:
        assert [m.id async for m in gpt.models.list()] == ["scripted-large"]


async def test_the_list_is_not_for_strangers(gateway: Serving) -> None:
    for headers in ({}, {"x-api-key": "tnt_wrong"}):
        async with gateway.session.get(
            gateway.url + "/v1/models", headers=headers
        ) as got:
            assert got.status == 401
            assert b"scripted" not in await got.read()
