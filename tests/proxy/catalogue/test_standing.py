import pytest

from proxy.catalogue import (
    ConfigProblem,
    LimitsDialect,
    Privacy,
    Provider,
    known_providers,
    read_providers,
)


def one(**changes: object) -> tuple[Provider | None, tuple[ConfigProblem, ...]]:
    entry: dict[str, object] = {
        "id": "a",
        "base_url": "https://a.example",
        "protocols": ["openai-chat"],
        "key": "env:A_KEY",
        **changes,
    }
    providers, problems = read_providers({"providers": [entry]}, known_providers())
    return (providers[0] if providers else None), problems


def test_the_standing_of_a_provider_is_read() -> None:
    provider, problems = one(
        privacy="no-training", limits="openai", probe="/models", quota="shared"
    )
    assert problems == ()
    assert provider is not None
    assert provider.privacy is Privacy.NO_TRAINING
    assert provider.limits is LimitsDialect.OPENAI
    assert provider.probe_url == "https://a.example/models"
    assert provider.quota == "shared"


def test_a_server_on_this_machine_keeps_what_it_is_sent() -> None:
    here, _ = one(base_url="http://127.0.0.1:9")
    away, _ = one()
    assert here is not None
    assert away is not None
    assert here.privacy is Privacy.LOCAL
    assert away.privacy is None, "nobody said"
    assert (away.limits, away.probe_url) == (LimitsDialect.NONE, "")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"privacy": "locall"}, 'mean "local"'),
        ({"limits": "open-ai"}, 'mean "openai"'),
        ({"probe": "models"}, "not a path"),
        ({"probe": "https://elsewhere.example/x"}, "not a path"),
        ({"probe": "/models?key=canary"}, "not a path"),
        ({"quota": "a b"}, "characters"),
        ({"compatibility": {"codex_safe": "yess"}}, "codex_safe"),
    ],
)
def test_a_wrong_standing_leaves_the_entry_out(
    changes: dict[str, object], says: str
) -> None:
    provider, problems = one(**changes)
    assert provider is None
    assert says in str(problems[0])
    assert "canary" not in str(problems)
