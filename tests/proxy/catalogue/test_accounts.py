import tomllib
from dataclasses import replace

import pytest

from proxy.catalogue import (
    Billing,
    ConfigProblem,
    KeyRef,
    Privacy,
    Provider,
    known_providers,
    read_providers,
)


def read(text: str) -> tuple[tuple[Provider, ...], tuple[ConfigProblem, ...]]:
    return read_providers(tomllib.loads(text), known_providers())


def test_another_account_of_a_known_provider_has_limits_of_its_own() -> None:
    (account,), problems = read(
        '[[providers]]\nid = "work"\nlike = "anthropic"\nkey = "env:WORK_KEY"\n'
    )
    known = known_providers()["anthropic"]
    assert problems == ()
    assert account == replace(
        known,
        id="work",
        name="Anthropic (work)",
        key=KeyRef("env", "WORK_KEY"),
        quota="work",
        priced_as="anthropic",
    )


def test_another_account_keeps_the_limits_of_single_models_apart() -> None:
    (account,), _ = read('[[providers]]\nid = "two"\nlike = "groq"\nkey = "env:K"\n')
    known = known_providers()["groq"]
    pairs = list(zip(known.models, account.models, strict=True))
    assert all(mine.quota == f"two/{theirs.quota}" for theirs, mine in pairs)
    assert all(mine.rates == theirs.rates for theirs, mine in pairs)


def test_what_another_account_says_itself_goes_before() -> None:
    (account,), problems = read(
        '[[providers]]\nid = "plan"\nlike = "zai"\nkey = "env:K"\nname = "The plan"\n'
        'billing = "subscription"\nquota = "shared"\nprivacy = "settings"\n'
        '[[providers.models]]\nid = "GLM-4.6"\n'
    )
    assert problems == ()
    assert (account.name, account.billing) == ("The plan", Billing.SUBSCRIPTION)
    assert (account.quota, account.privacy) == ("shared", Privacy.SETTINGS)
    assert account.models[0].id == "GLM-4.6"
    assert account.models[0].price is not None, "tracked as the known one's"


@pytest.mark.parametrize(
    ("entry", "where", "says"),
    [
        ('id = "a"\nlike = "antropic"\nkey = "env:K"', "like", 'mean "anthropic"'),
        ('id = "a"\nlike = "github-models"\nkey = "env:K"', "like", "names no"),
        ('id = "openai"\nlike = "anthropic"\nkey = "env:K"', "id", "knows already"),
        ('id = "anthropic"\nlike = "anthropic"\nkey = "env:K"', "id", "anthropic-2"),
        ('id = "a"\nlike = "anthropic"', "", "no key"),
        ('id = "a"\nlike = 7\nkey = "env:K"', "like", "must be text"),
    ],
)
def test_another_account_has_to_be_plain(entry: str, where: str, says: str) -> None:
    providers, problems = read(f"[[providers]]\n{entry}\n")
    assert providers == ()
    (problem,) = problems
    assert problem.where == (f"providers[0].{where}" if where else "providers[0]")
    assert says in str(problem)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "github-models", "key": "env:A"},
        {
            "id": "mine",
            "key": "env:A",
            "base_url": "https://models.github.ai/inference",
            "protocols": ["openai-chat"],
        },
    ],
)
def test_a_provider_that_is_gone_is_explained_and_not_offered(
    entry: dict[str, object],
) -> None:
    providers, (problem,) = read_providers({"providers": [entry]}, known_providers())
    assert providers == ()
    assert "30 July 2026" in problem.message
    assert "410" in problem.message
    assert problem.hint


def test_an_id_of_one_that_is_gone_may_be_used_for_another_server() -> None:
    entry = {"id": "github-models", "key": "none", "base_url": "http://127.0.0.1:9"}
    (provider,), problems = read_providers({"providers": [entry]}, known_providers())
    assert problems == ()
    assert provider.gone == ""
