"""The vendors' Python SDKs through Turnout, with their own strict validation.

Once in front of the scripted provider, once against the practice provider.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import anthropic
import openai
import pytest
from anthropic.types import MessageParam, ToolParam
from e2e.gateway import SCRIPTED_KEY, Turnout, running
from openai.types.chat import ChatCompletionMessageParam
from upstream import (
    Answer,
    ScriptedUpstream,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    in_thread,
    refuse,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

TOKENS = Tokens(fresh=11, cache_read=5, cache_write=3, output=7, reasoning=2)
CALLS = (ToolCall.of("read", path="a ü.py"), ToolCall.of("list", deep=True))
FULL = Answer((Thinking("Let me see."), Text("Two calls, ü."), *CALLS), TOKENS)
CLAUDE, GPT = "claude-opus-5-5", "gpt-5.5"
HELLO: list[MessageParam] = [{"role": "user", "content": "hello"}]
HELLO_CHAT: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]
TOOL: ToolParam = {
    "name": "read",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
}


class Through(NamedTuple):
    """A Turnout with a key, and both SDKs pointed at it."""

    turnout: Turnout
    key: str

    def claude(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(
            base_url=self.turnout.url,
            api_key=self.key,
            max_retries=0,
            _strict_response_validation=True,
        )

    def gpt(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self.turnout.url}/v1",
            api_key=self.key,
            max_retries=0,
            _strict_response_validation=True,
        )


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream()
    with in_thread(served):
        yield served


@pytest.fixture(scope="module")
def scripted(
    tmp_path_factory: pytest.TempPathFactory, provider: ScriptedUpstream
) -> Iterator[Through]:
    home = _home(tmp_path_factory)
    with running(home, provider.url) as turnout:
        yield Through(turnout, turnout.new_key("sdk"))


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Through]:
    with running(_home(tmp_path_factory), None) as turnout:
        yield Through(turnout, turnout.new_key("sdk"))


def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("t") / "home"


def arrived(provider: ScriptedUpstream) -> str:
    """The body of the last request, and on the way: the right key with it."""
    seen = provider.requests[-1]
    assert seen.credential == SCRIPTED_KEY
    assert b"tnt_" not in seen.everything()
    return seen.body.decode()


def row_matches(through: Through, request: str | None) -> None:
    """The record has the request and counts as the provider did."""
    rows = {row["id"]: row for row in through.turnout.events()}
    row = rows[request]
    counted = [row[f"{name}_tokens"] for name in ("input", "cache_read", "output")]
    assert counted == [11, 5, 7]
    assert (row["client"], row["status"]) == ("sdk", "success")


class TestMessages:
    def test_whole(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with scripted.claude() as sdk:
            raw = sdk.messages.with_raw_response.create(
                model=CLAUDE, max_tokens=99, messages=HELLO, tools=[TOOL]
            )
        got = raw.parse()
        kinds = [block.type for block in got.content]
        assert kinds == ["thinking", "text", "tool_use", "tool_use"]
        assert raw.read() == provider.sent[-1]
        assert raw.headers["request-id"].startswith("req_scripted")
        assert json.loads(arrived(provider))["model"] == CLAUDE
        row_matches(scripted, raw.headers["x-turnout-request"])

    def test_stream(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with (
            scripted.claude() as sdk,
            sdk.messages.stream(
                model=CLAUDE, max_tokens=99, messages=HELLO, tools=[TOOL]
            ) as stream,
        ):
            got = stream.get_final_message()
            request = stream.response.headers["x-turnout-request"]
        call = got.content[2]
        assert call.type == "tool_use"
        assert call.input == {"path": "a ü.py"}
        assert got.usage.cache_read_input_tokens == 5
        arrived(provider)
        row_matches(scripted, request)

    def test_counting(self, scripted: Through, provider: ScriptedUpstream) -> None:
        with scripted.claude() as sdk:
            got = sdk.messages.count_tokens(model=CLAUDE, messages=HELLO)
        assert got.input_tokens == 1500
        arrived(provider)

    def test_models(self, scripted: Through) -> None:
        with scripted.claude() as sdk:
            models = sdk.models.list()
        # Claude Code lists only what begins like a name of its vendor.
        listed = [model.id for model in models.data]
        assert "claude-turnout/scripted/scripted-large" in listed

    def test_a_refusal_comes_back_unchanged(
        self, scripted: Through, provider: ScriptedUpstream
    ) -> None:
        provider.push(refuse(400, "thinking.display: ü not allowed"))
        before = len(provider.requests)
        with scripted.claude() as sdk, pytest.raises(anthropic.BadRequestError) as bad:
            sdk.messages.create(model=CLAUDE, max_tokens=9, messages=HELLO)
        assert bad.value.response.content == provider.sent[-1]
        # Clients mend themselves on a 400: it is never tried again for them.
        assert len(provider.requests) == before + 1

    def test_a_foreign_key_beside_ours(
        self, scripted: Through, provider: ScriptedUpstream
    ) -> None:
        with anthropic.Anthropic(
            base_url=scripted.turnout.url,
            auth_token=scripted.key,
            default_headers={"x-api-key": "not-ours"},
            max_retries=0,
        ) as sdk:
            got = sdk.messages.create(model=CLAUDE, max_tokens=9, messages=HELLO)
        assert got.stop_reason == "end_turn"
        arrived(provider)
        assert b"not-ours" not in provider.requests[-1].everything()


class TestResponses:
    def test_whole(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with scripted.gpt() as sdk:
            raw = sdk.responses.with_raw_response.create(model=GPT, input="hello")
        got = raw.parse()
        assert got.output_text == "Two calls, ü."
        assert raw.content == provider.sent[-1]
        arrived(provider)
        row_matches(scripted, raw.headers["x-turnout-request"])

    def test_stream(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with (
            scripted.gpt() as sdk,
            sdk.responses.stream(model=GPT, input="hello") as stream,
        ):
            kinds = [event.type for event in stream]
            got = stream.get_final_response()
        assert kinds[-1] == "response.completed"
        assert [item.type for item in got.output][2:] == ["function_call"] * 2
        arrived(provider)

    def test_an_incomplete_answer(
        self, scripted: Through, provider: ScriptedUpstream
    ) -> None:
        provider.push(Answer((Text("half"),), TOKENS, cut_short=True))
        with scripted.gpt() as sdk:
            *_, last = sdk.responses.create(model=GPT, input="hello", stream=True)
        assert last.type == "response.incomplete"


class TestChat:
    def test_whole(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with scripted.gpt() as sdk:
            raw = sdk.chat.completions.with_raw_response.create(
                model=GPT, messages=HELLO_CHAT
            )
        got = raw.parse()
        assert got.choices[0].finish_reason == "tool_calls"
        assert raw.content == provider.sent[-1]
        arrived(provider)
        row_matches(scripted, raw.headers["x-turnout-request"])

    def test_stream(self, scripted: Through, provider: ScriptedUpstream) -> None:
        provider.push(FULL)
        with (
            scripted.gpt() as sdk,
            sdk.chat.completions.stream(
                model=GPT,
                messages=HELLO_CHAT,
                stream_options={"include_usage": True},
            ) as stream,
        ):
            got = stream.get_final_completion()
        assert got.usage is not None
        assert got.usage.total_tokens == 26
        calls = got.choices[0].message.tool_calls or []
        named = [call.function.name for call in calls]
        assert named == ["read", "list"]
        assert arrived(provider).count("include_usage") == 1

    def test_a_limit_is_named(
        self, scripted: Through, provider: ScriptedUpstream
    ) -> None:
        # Longer than the gateway waits itself: the client hears of it.
        provider.push(refuse(429, "slow down", retry_after="7"))
        with scripted.gpt() as sdk, pytest.raises(openai.RateLimitError) as slow:
            sdk.chat.completions.create(model=GPT, messages=HELLO_CHAT)
        assert slow.value.response.headers["retry-after"] == "7"
        assert slow.value.response.content == provider.sent[-1]

    def test_models(self, scripted: Through) -> None:
        with scripted.gpt() as sdk:
            models = sdk.models.list()
        assert "scripted-large" in [model.id for model in models.data]


def test_a_wrong_key(scripted: Through, provider: ScriptedUpstream) -> None:
    before = len(provider.requests)
    wrong = Through(scripted.turnout, "tnt_" + "A" * 43)
    with wrong.claude() as claude, pytest.raises(anthropic.AuthenticationError) as no:
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=HELLO)
    assert no.value.response.headers["x-should-retry"] == "false"
    with wrong.gpt() as gpt, pytest.raises(openai.AuthenticationError):
        gpt.responses.create(model=GPT, input="hello")
    assert len(provider.requests) == before


class TestPractice:
    def test_messages(self, practice: Through) -> None:
        with practice.claude() as sdk:
            got = sdk.messages.create(model=CLAUDE, max_tokens=99, messages=HELLO)
            with sdk.messages.stream(
                model=CLAUDE, max_tokens=99, messages=HELLO
            ) as stream:
                streamed = stream.get_final_message()
                route = stream.response.headers["x-turnout-route"]
        (whole,), (joined,) = got.content, streamed.content
        assert whole.type == joined.type == "text"
        assert joined.text == whole.text
        assert "simulated" in whole.text
        assert streamed.stop_reason == got.stop_reason == "end_turn"
        assert streamed.usage.output_tokens > 0
        assert route == "practice/echo"

    def test_counting(self, practice: Through) -> None:
        with practice.claude() as sdk:
            got = sdk.messages.count_tokens(model=CLAUDE, messages=HELLO)
        assert got.input_tokens > 0

    def test_responses(self, practice: Through) -> None:
        with practice.gpt() as sdk:
            got = sdk.responses.create(model=GPT, input="hello")
            with sdk.responses.stream(model=GPT, input="hello") as stream:
                words = [e for e in stream if e.type == "response.output_text.delta"]
                streamed = stream.get_final_response()
        assert got.status == streamed.status == "completed"
        assert got.output_text == streamed.output_text != ""
        assert len(words) > 1

    def test_chat(self, practice: Through) -> None:
        with practice.gpt() as sdk:
            got = sdk.chat.completions.create(model=GPT, messages=HELLO_CHAT)
            with sdk.chat.completions.stream(
                model=GPT,
                messages=HELLO_CHAT,
                stream_options={"include_usage": True},
            ) as stream:
                streamed = stream.get_final_completion()
        assert got.choices[0].message.content
        assert streamed.choices[0].message.content == got.choices[0].message.content
        assert streamed.usage is not None
        assert streamed.usage.completion_tokens > 0
