"""`GET /v1/models` in the shape each client asks for."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anthropic
import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from anthropic.types import ModelInfo
from google import genai
from google.genai.types import HttpOptions
from google.genai.types import Model as GoogleModel
from loopback import Serving, provider, serving

from proxy.catalogue import Catalogue, KeyRef, Model, Provider
from proxy.catalogue.provider import Billing, Place
from proxy.listing import (
    ListShape,
    model_answer,
    models_answer,
    shape_of,
    wants_anthropic,
)
from proxy.model import Protocol


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


SCRIPTED_SHOWN = "claude-turnout/scripted/scripted-large"


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
        row = told["data"][-1]
        assert (row["id"], row["type"]) == (SCRIPTED_SHOWN, "model")
        assert (row["max_input_tokens"], row["max_tokens"]) == (200_000, 64_000)
        assert told["first_id"] == "claude-turnout-auto"
        assert (told["last_id"], told["has_more"]) == (row["id"], False)
    async with gateway.session.get(
        gateway.url + "/v1/models?client_version=0.169.0", headers=headers
    ) as got:
        told = await got.json()
        assert [row["slug"] for row in told["models"]][-1] == "scripted-large"
    async with gateway.session.get(gateway.url + "/v1/models", headers=headers) as got:
        told = await got.json()
        assert told["data"][-1] == {
            "id": "scripted-large",
            "object": "model",
            "created": 0,
            "owned_by": "scripted",
        }


async def test_the_list_is_not_for_strangers(gateway: Serving) -> None:
    for headers in ({}, {"x-api-key": "tnt_wrong"}):
        async with gateway.session.get(
            gateway.url + "/v1/models", headers=headers
        ) as got:
            assert got.status == 401
            assert b"scripted" not in await got.read()


ANTHROPIC_HEADERS = (("anthropic-version", "2023-06-01"),)
MODES = {
    "turnout-auto",
    "turnout-fast",
    "turnout-premium",
    "turnout-offline",
    "turnout-direct",
}
EVERYBODY = Catalogue(
    (
        made("a", ("claude-x",), Protocol.MESSAGES),
        made("b", ("gpt-x", "claude-x"), Protocol.CHAT),
        made("g", ("gemini-x",), Protocol.GEMINI),
        made("o", ("llama-x", "gpt-x"), Protocol.OLLAMA),
    ),
    "snap",
)


def listed(shape: ListShape, catalogue: Catalogue, **not_ready: str) -> list[str]:
    told = json.loads(models_answer(shape, catalogue, not_ready))
    if shape is ListShape.CODEX:
        return [row["slug"] for row in told["models"]]
    if shape is ListShape.GEMINI:
        return [row["name"].removeprefix("models/") for row in told["models"]]
    return [row["id"] for row in told["data"]]


def models_of(shape: ListShape, catalogue: Catalogue, **not_ready: str) -> list[str]:
    names = listed(shape, catalogue, **not_ready)
    assert {name.removeprefix("claude-") for name in names[: len(MODES)]} == MODES
    return names[len(MODES) :]


@pytest.mark.parametrize(
    ("path", "query", "headers", "shape"),
    [
        ("/v1/models", "limit=1000", ANTHROPIC_HEADERS, ListShape.ANTHROPIC),
        ("/v1/models/claude-x", "", ANTHROPIC_HEADERS, ListShape.ANTHROPIC),
        ("/v1/models", "", (), ListShape.OPENAI),
        ("/v1/models", "client_version=0.169.0", (), ListShape.CODEX),
        ("/v1/models", "client_version=", (), ListShape.CODEX),
        ("/v1/models", "x=client_version", (), ListShape.OPENAI),
        ("/v1/models", "", (("X-Goog-Api-Key", "not-a-secret"),), ListShape.GEMINI),
        ("/v1beta/models", "pageSize=50", (), ListShape.GEMINI),
        ("/v1beta/models/gemini-x", "", ANTHROPIC_HEADERS, ListShape.GEMINI),
    ],
)
def test_whose_list_a_request_expects(
    path: str, query: str, headers: tuple[tuple[str, str], ...], shape: ListShape
) -> None:
    assert shape_of(path, query, headers) is shape


def test_every_client_sees_every_model_of_everybody_who_is_ready() -> None:
    plain = ["claude-x", "gpt-x", "gemini-x", "llama-x"]
    assert models_of(ListShape.OPENAI, EVERYBODY) == plain
    assert models_of(ListShape.GEMINI, EVERYBODY) == plain
    assert models_of(ListShape.OPENAI, EVERYBODY, a="no key", g="no key") == [
        "gpt-x",
        "claude-x",
        "llama-x",
    ]


def test_claude_codes_picker_gets_ids_it_shows_and_they_are_pins() -> None:
    names = listed(ListShape.ANTHROPIC, EVERYBODY)
    assert all(name.startswith(("claude", "anthropic")) for name in names)
    assert models_of(ListShape.ANTHROPIC, EVERYBODY) == [
        "claude-x",
        "claude-turnout/b/gpt-x",
        "claude-turnout/g/gemini-x",
        "claude-turnout/o/llama-x",
        "claude-turnout/o/gpt-x",
    ]
    told = json.loads(models_answer(ListShape.ANTHROPIC, EVERYBODY, {}))
    titles = {row["id"]: row["display_name"] for row in told["data"]}
    assert titles["claude-turnout-auto"] == "Turnout: coding, automatic"
    assert titles["claude-turnout/o/gpt-x"] == "gpt-x (o)"
    assert titles["claude-x"] == "claude-x"
    assert (told["first_id"], told["last_id"]) == (names[0], names[-1])


def test_codex_keeps_what_it_knows_of_its_own_models() -> None:
    known = made("b", ("gpt-6.1-terra", "claude-x"), Protocol.CHAT)
    assert models_of(ListShape.CODEX, Catalogue((known,), "s")) == ["claude-x"]


@pytest.mark.parametrize("shape", ListShape)
def test_a_clients_own_login_serves_its_own_protocol_only(shape: ListShape) -> None:
    own = replace(made("a", ("claude-x",), Protocol.MESSAGES), key=KeyRef("client"))
    names = listed(shape, Catalogue((own,), "s"))
    assert bool(names) is (shape is ListShape.ANTHROPIC)


@pytest.mark.parametrize("shape", ListShape)
def test_offline_lists_what_runs_here_and_no_mode_that_would_leave(
    shape: ListShape,
) -> None:
    here = replace(
        made("o", ("llama-x", "big-cloud"), Protocol.OLLAMA),
        place=Place.THIS_MACHINE,
        away=("-cloud",),
    )
    catalogue = Catalogue((*EVERYBODY.providers, here), "s")
    told = models_answer(shape, catalogue, {}, offline=True).decode()
    assert "llama-x" in told
    assert "turnout-offline" in told
    for gone in ("claude-x", "gpt-x", "big-cloud", "turnout-auto", "turnout-direct"):
        assert gone not in told


@pytest.mark.parametrize("shape", ListShape)
def test_nothing_ready_is_an_empty_list_and_nothing_configured_practice(
    shape: ListShape,
) -> None:
    gone = {provider.id: "no key" for provider in EVERYBODY.providers}
    assert listed(shape, EVERYBODY, **gone) == []
    assert len(models_of(shape, Catalogue((), "s"))) == 1


@pytest.mark.parametrize(
    ("shape", "name", "found"),
    [
        (ListShape.ANTHROPIC, "claude-x", "claude-x"),
        (ListShape.ANTHROPIC, "claude-x-20251001", "claude-x"),
        (ListShape.ANTHROPIC, "claude-turnout/b/gpt-x", "claude-turnout/b/gpt-x"),
        (ListShape.ANTHROPIC, "gpt-x", "claude-turnout/b/gpt-x"),
        (ListShape.ANTHROPIC, "claude-turnout-auto", "claude-turnout-auto"),
        (ListShape.ANTHROPIC, "turnout-auto", "claude-turnout-auto"),
        (ListShape.OPENAI, "gpt-x", "gpt-x"),
        (ListShape.OPENAI, "claude-turnout/b/gpt-x", "gpt-x"),
        (ListShape.OPENAI, "o/llama-x", "llama-x"),
        (ListShape.OPENAI, "turnout-direct", "turnout-direct"),
        (ListShape.CODEX, "gpt-x", "gpt-x"),
        (ListShape.GEMINI, "gemini-x", "models/gemini-x"),
        (ListShape.GEMINI, "models/gemini-x", None),
        (ListShape.OPENAI, "nobody", None),
        (ListShape.OPENAI, "turnout-nothing", None),
        (ListShape.OPENAI, "", None),
        (ListShape.OPENAI, "-20251001", None),
    ],
)
def test_one_model(shape: ListShape, name: str, found: str | None) -> None:
    answer = model_answer(shape, name, EVERYBODY, {})
    if found is None:
        assert answer is None
    else:
        assert answer is not None
        told = json.loads(answer)
        assert told.get("id", told.get("name")) == found


def test_a_line_has_the_fields_of_the_vendors_types_and_no_other() -> None:
    for name in ("claude-x", "turnout-auto"):
        row = json.loads(model_answer(ListShape.ANTHROPIC, name, EVERYBODY, {}) or b"")
        ModelInfo.model_validate(row, strict=False)
        assert row.keys() <= ModelInfo.model_fields.keys()
        row = json.loads(model_answer(ListShape.OPENAI, name, EVERYBODY, {}) or b"")
        assert row.keys() <= openai.types.Model.model_fields.keys()
        openai.types.Model.model_validate(row)


@pytest.fixture
async def lists() -> AsyncIterator[str]:
    """Serve the answers as the gateway would, without one."""

    async def answer(request: web.Request) -> web.Response:
        headers = tuple(request.headers.items())
        shape = shape_of(request.path, request.query_string, headers)
        name = request.match_info.get("name")
        body = (
            model_answer(shape, name, EVERYBODY, {})
            if name
            else models_answer(shape, EVERYBODY, {})
        )
        status = 404 if body is None else 200
        return web.Response(body=body, status=status, content_type="application/json")

    application = web.Application()
    for version in ("v1", "v1beta"):
        application.router.add_get(f"/{version}/models", answer)
        application.router.add_get(f"/{version}/models/{{name:.+}}", answer)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_the_vendors_sdks_read_every_shape(lists: str) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=lists, api_key="not-a-secret", _strict_response_validation=True
    ) as claude:
        rows = [row async for row in claude.models.list(limit=1000)]
        assert [row.id for row in rows] == listed(ListShape.ANTHROPIC, EVERYBODY)
        one = await claude.models.retrieve("claude-x")
        assert (one.max_input_tokens, one.max_tokens) == (1_000, 100)
    async with openai.AsyncOpenAI(
        base_url=f"{lists}/v1", api_key="not-a-secret", _strict_response_validation=True
    ) as gpt:
        found = [row.id async for row in gpt.models.list()]
        assert found == listed(ListShape.OPENAI, EVERYBODY)
        assert (await gpt.models.retrieve("gpt-x")).owned_by == "b"


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_googles_sdk_reads_geminis_list(lists: str, version: str) -> None:
    rows, one = await asyncio.to_thread(_googles, lists, version)
    expected = [f"models/{name}" for name in listed(ListShape.GEMINI, EVERYBODY)]
    assert [row.name for row in rows] == expected
    assert (one.input_token_limit, one.output_token_limit) == (1_000, 100)
    assert one.display_name == "gemini-x"
    assert one.supported_actions is not None
    assert "generateContent" in one.supported_actions


def _googles(url: str, version: str) -> tuple[list[GoogleModel], GoogleModel]:
    # Its asynchronous client warns of a class of its own.
    with genai.Client(
        api_key="not-a-secret",
        http_options=HttpOptions(base_url=url, api_version=version),
    ) as client:
        return list(client.models.list()), client.models.get(model="gemini-x")
