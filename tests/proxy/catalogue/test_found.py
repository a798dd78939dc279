from dataclasses import replace

from proxy.catalogue import (
    Catalogue,
    FoundModel,
    Model,
    Place,
    Route,
    Safety,
    known_providers,
    with_found,
)
from proxy.model import Protocol

OLLAMA = replace(
    known_providers()["ollama"],
    models=(Model("qwen3:8b", lane="qwen/small", context=131072), Model("idle")),
)
CLOUD = known_providers()["groq"]
CATALOGUE = Catalogue((CLOUD, OLLAMA), "s")


def models(found: dict[tuple[str, str], FoundModel]) -> dict[str, Model]:
    ollama = with_found(CATALOGUE, found).provider("ollama")
    assert ollama is not None
    return {model.id: model for model in ollama.models}


def test_the_room_that_is_allocated_goes_before_what_a_file_says() -> None:
    seen = models({("ollama", "qwen3:8b"): FoundModel(context=4096)})
    assert seen["qwen3:8b"].context == 4096
    assert seen["qwen3:8b"].lane == "qwen/small"
    assert seen["idle"] == Model("idle")


def test_a_model_that_is_not_loaded_keeps_what_was_written() -> None:
    seen = models({("ollama", "qwen3:8b"): FoundModel()})
    assert seen["qwen3:8b"] == OLLAMA.models[0]


def test_a_model_that_no_file_lists_is_added_with_its_providers_word() -> None:
    seen = models({("ollama", "new:1b"): FoundModel(context=8192, tools=False)})
    assert list(seen) == ["qwen3:8b", "idle", "new:1b"]
    assert seen["new:1b"].compatibility.claude_code is Safety.EXPERIMENTAL
    assert not seen["new:1b"].tools
    assert seen["new:1b"].rates is None


def test_a_model_behind_a_loopback_address_may_run_elsewhere() -> None:
    """No name gives it away: the server says that another host runs it."""
    found = {("ollama", "innocent:1b"): FoundModel(place=Place.PROVIDER)}
    ollama = with_found(CATALOGUE, found).provider("ollama")
    assert ollama is not None
    model = ollama.find_model("innocent:1b")
    route = Route(ollama, model, "innocent:1b", Protocol.OLLAMA)
    assert route.place is Place.PROVIDER


def test_a_provider_that_runs_elsewhere_is_left_alone() -> None:
    found = {("groq", "openai/gpt-oss-20b"): FoundModel(context=1)}
    assert with_found(CATALOGUE, found).provider("groq") is CLOUD


def test_who_takes_only_listed_names_gets_none_added() -> None:
    closed = Catalogue((replace(OLLAMA, any_model=False),), "s")
    (provider,) = with_found(closed, {("ollama", "new"): FoundModel(1)}).providers
    assert [model.id for model in provider.models] == ["qwen3:8b", "idle"]


def test_a_user_s_word_on_abilities_is_not_widened() -> None:
    told = replace(OLLAMA, models=(Model("m", tools=False, vision=False),))
    found = {("ollama", "m"): FoundModel(tools=True, vision=True)}
    (provider,) = with_found(Catalogue((told,), "s"), found).providers
    assert (provider.models[0].tools, provider.models[0].vision) == (False, False)


def test_nothing_found_changes_nothing() -> None:
    assert with_found(CATALOGUE, {}) is CATALOGUE
    assert with_found(CATALOGUE, {("vllm", "m"): FoundModel(1)}) == CATALOGUE


def test_the_ways_follow_what_was_found() -> None:
    before = CATALOGUE.options(Protocol.CHAT)
    after = with_found(CATALOGUE, {("ollama", "new"): FoundModel(9)})
    assert len(after.options(Protocol.CHAT)) == len(before) + 1
    assert after.snapshot == CATALOGUE.snapshot
