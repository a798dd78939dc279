import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue import (
    AuthStyle,
    Billing,
    ConfigProblem,
    KeyRef,
    Place,
    Provider,
    Route,
    known_providers,
    read_providers,
)
from proxy.catalogue.provider import Privacy
from proxy.model import Protocol

DESIGN = """
[gateway]
port = 8787

[[providers]]
id = "scripted"
base_url = "http://127.0.0.1:9800"
protocols = ["anthropic-messages", "openai-responses", "openai-chat"]
key = "env:SCRIPTED_KEY"
billing = "metered"
place = "provider"
any_model = true

[[providers.models]]
id = "scripted-large"
lane = "claude/premium"
context = 200000
max_output = 64000
tools = true
vision = true
price = { input = "3.00", output = "15.00", cache_read = "0.30", cache_write = "3.75" }
"""
CANARY = "sk-ant-api03-canary"


def read(text: str) -> tuple[tuple[Provider, ...], tuple[ConfigProblem, ...]]:
    return read_providers(tomllib.loads(text), known_providers())


def sound(**changes: object) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": "a",
        "base_url": "https://a.example",
        "protocols": ["openai-chat"],
        "key": "env:A_KEY",
    }
    entry.update(changes)
    return {name: value for name, value in entry.items() if value is not None}


def one(
    **changes: object,
) -> tuple[Provider | None, tuple[ConfigProblem, ...]]:
    table = {"providers": [sound(**changes)]}
    providers, problems = read_providers(table, known_providers())
    return (providers[0] if providers else None), problems


def test_the_designs_example_works_literally() -> None:
    (provider,), problems = read(DESIGN)
    assert problems == ()
    assert provider.key == KeyRef("env", "SCRIPTED_KEY")
    assert provider.protocols == (
        Protocol.MESSAGES,
        Protocol.RESPONSES,
        Protocol.CHAT,
    )
    assert (provider.billing, provider.place) == (Billing.METERED, Place.PROVIDER)
    assert provider.any_model
    assert provider.price_source == "config.toml"
    (model,) = provider.models
    assert (model.lane, model.context, model.max_output) == (
        "claude/premium",
        200000,
        64000,
    )
    assert model.tools
    assert model.vision
    assert model.price is not None
    assert model.price.cache_write == Decimal("3.75")
    assert model.price.cache_write_1h is None


def test_what_an_entry_leaves_out() -> None:
    away, _ = one()
    assert away is not None
    assert (away.place, away.billing) == (Place.PROVIDER, Billing.METERED)
    assert (away.any_model, away.auth, away.models) == (False, None, ())
    assert away.name == "a"
    here, problems = one(base_url="http://localhost:1/", key=None)
    assert problems == ()
    assert here is not None
    assert (here.place, here.billing) == (Place.THIS_MACHINE, Billing.LOCAL)
    assert here.key == KeyRef("none")
    assert here.base_url == "http://localhost:1"


def test_a_loopback_address_proves_nothing_where_the_file_says_otherwise() -> None:
    provider, _ = one(base_url="http://127.0.0.1:1", place="provider")
    assert provider is not None
    assert (provider.place, provider.billing) == (Place.PROVIDER, Billing.METERED)
    models = [{"id": "cloud", "place": "provider"}, {"id": "own"}]
    provider, _ = one(base_url="http://127.0.0.1:1", models=models)
    assert provider is not None
    assert [m.place for m in provider.models] == [Place.PROVIDER, None]


def test_the_ends_of_names_that_run_elsewhere() -> None:
    provider, problems = one(away=["-cloud"])
    assert problems == ()
    assert provider is not None
    assert provider.away == ("-cloud",)
    (known,), _ = read('[[providers]]\nid = "ollama"\naway = []\n')
    assert known.away == ()
    (known,), _ = read('[[providers]]\nid = "ollama"\n')
    assert known.away == ("-cloud", ":cloud")


def test_a_known_id_overrides_only_what_it_names() -> None:
    known = known_providers()["anthropic"]
    (provider,), problems = read(
        '[[providers]]\nid = "anthropic"\nkey = "env:A"\n'
        'base_url = "http://127.0.0.1:9800"\n'
    )
    assert problems == ()
    assert provider.base_url == "http://127.0.0.1:9800"
    assert provider.models == known.models
    assert (provider.place, provider.billing) == (known.place, known.billing)
    assert provider.any_model


def test_a_known_path_moves_with_the_base() -> None:
    (provider,), _ = read(
        '[[providers]]\nid = "chatgpt"\nkey = "client"\n'
        'base_url = "http://127.0.0.1:9800"\n'
    )
    assert provider.url(Protocol.RESPONSES) == "http://127.0.0.1:9800/responses"


def test_a_users_models_come_first_and_change_only_what_they_name() -> None:
    (provider,), problems = read(
        '[[providers]]\nid = "anthropic"\nkey = "env:A"\nany_model = false\n'
        '[[providers.models]]\nid = "claude-opus-5-5"\n'
        'price = { input = "1", output = 2 }\n'
        '[[providers.models]]\nid = "new-one"\n'
    )
    assert problems == ()
    assert not provider.any_model
    known = known_providers()["anthropic"]
    assert len(provider.models) == len(known.models) + 1
    first, second = provider.models[:2]
    assert (first.id, first.lane) == ("claude-opus-5-5", "claude/premium")
    assert first.price is not None
    assert (first.price.input, first.price.output) == (Decimal(1), Decimal(2))
    assert first.price.cache_read is None, "an old cache price must not mix in"
    assert first.price_source == "config.toml"
    assert (second.id, second.price, second.price_source) == ("new-one", None, "")


def test_a_new_price_drops_the_old_long_one() -> None:
    (provider,), problems = read(
        '[[providers]]\nid = "anthropic"\nkey = "env:A"\n'
        '[[providers.models]]\nid = "claude-haiku-5-5"\nprice = { input = "1" }\n'
        '[[providers.models]]\nid = "x"\nprice = { input = "1" }\n'
        'long_price = { above = 9, input = "2" }\n'
    )
    assert problems == ()
    first, second = (model.rates for model in provider.models[:2])
    assert first is not None
    assert second is not None
    assert [rate.above for rate in first.entries] == [0]
    assert [rate.above for rate in second.entries] == [0, 9]


def test_endpoints_and_auth() -> None:
    provider, problems = one(
        endpoints={"openai-chat": "https://b.example/chat"}, auth="api-key"
    )
    assert problems == ()
    assert provider is not None
    assert provider.url(Protocol.CHAT) == "https://b.example/chat"
    assert provider.auth is AuthStyle.API_KEY


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"id": None}, "providers[0]", "no id"),
        ({"id": "a/b"}, "providers[0].id", "characters"),
        ({"id": "practice"}, "providers[0].id", "Turnout's own"),
        ({"id": ""}, "providers[0].id", "empty"),
        ({"id": 3}, "providers[0].id", "must be text, not a whole number"),
        ({"base_url": None}, "providers[0]", "no base_url"),
        ({"base_url": "ftp://h"}, "providers[0].base_url", "http://"),
        ({"base_url": f"https://u:{CANARY}@h"}, "providers[0].base_url", "user name"),
        ({"protocols": None}, "providers[0]", "no protocols"),
        ({"protocols": []}, "providers[0].protocols", "empty list"),
        ({"protocols": "openai-chat"}, "providers[0].protocols", "must be a list"),
        ({"protocols": ["openai-caht"]}, "providers[0].protocols", "does not know"),
        ({"protocols": [1]}, "providers[0].protocols", "list of texts"),
        ({"key": None}, "providers[0]", "no key"),
        ({"key": CANARY}, "providers[0].key", "must not be the key itself"),
        ({"key": f"env:{CANARY}"}, "providers[0].key", "must not be the key"),
        ({"key": f"keyring:{CANARY}"}, "providers[0].key", "must not be the key"),
        ({"key": "env:"}, "providers[0].key", "where the key is"),
        ({"key": {"a": 1}}, "providers[0].key", "must be text, not a table"),
        ({"billing": "free"}, "providers[0].billing", "does not know"),
        ({"place": CANARY}, "providers[0].place", "does not know"),
        ({"place": True}, "providers[0].place", "not true or false"),
        ({"any_model": "yes"}, "providers[0].any_model", "true or false, not text"),
        ({"auth": "basic"}, "providers[0].auth", "does not know"),
        ({"plase": "this-machine"}, "providers[0].plase", "`plase`"),
        ({"api_key": CANARY}, "providers[0].api_key", "`api_key`"),
        ({"away": "-cloud"}, "providers[0].away", "list of plain words"),
        ({"endpoints": []}, "providers[0].endpoints", "must be a table"),
        (
            {"endpoints": {"openai-chat": "ftp://x"}},
            "providers[0].endpoints.openai-chat",
            "http://",
        ),
        (
            {"endpoints": {"gemini": "https://x.example"}},
            "providers[0].endpoints.gemini",
            "not in `protocols`",
        ),
        (
            {"endpoints": {"openai-chatt": "https://x.example"}},
            "providers[0].endpoints.openai-chatt",
            "does not know",
        ),
        ({"models": {}}, "providers[0].models", "list of tables"),
        ({"models": [1]}, "providers[0].models", "list of tables"),
        ({"models": [{}]}, "providers[0].models[0]", "no id"),
        ({"models": [{"id": "a b"}]}, "providers[0].models[0].id", "characters"),
        (
            {"models": [{"id": "m"}, {"id": "m"}]},
            "providers[0].models[1].id",
            "Two models",
        ),
        (
            {"models": [{"id": "m", "lane": "best"}]},
            "providers[0].models[0].lane",
            "family and a tier",
        ),
        (
            {"models": [{"id": "m", "context": 0}]},
            "providers[0].models[0].context",
            "out of range",
        ),
        (
            {"models": [{"id": "m", "place": "here"}]},
            "providers[0].models[0].place",
            "does not know",
        ),
        (
            {"models": [{"id": "m", "long_price": {"input": "1"}}]},
            "providers[0].models[0].long_price",
            "when it holds",
        ),
    ],
)
def test_a_fault_that_touches_the_meaning_leaves_the_entry_out(
    changes: Mapping[str, object], where: str, says: str
) -> None:
    provider, problems = one(**changes)
    assert provider is None
    assert where in {problem.where for problem in problems}
    text = " ".join(map(str, problems))
    assert says in text
    assert CANARY not in text
    assert all(problem.hint for problem in problems)


def test_an_unknown_key_that_resembles_none_does_no_harm() -> None:
    provider, problems = one(xyzzy=1)
    assert provider is not None
    assert [problem.where for problem in problems] == ["providers[0].xyzzy"]


def test_every_problem_is_listed_and_the_sound_entries_stay() -> None:
    bad = sound(id="b", base_url="x", key=CANARY, billing="b", place="p")
    table = {"providers": [sound(), bad, sound(id="c"), sound()]}
    providers, problems = read_providers(table, known_providers())
    assert [provider.id for provider in providers] == ["a", "c"]
    assert [problem.where for problem in problems] == [
        "providers[1].base_url",
        "providers[1].place",
        "providers[1].billing",
        "providers[1].key",
        "providers[3].id",
    ]
    assert "Two providers" in problems[-1].message


@pytest.mark.parametrize("value", [{}, "x", 3, [1, "x"]])
def test_providers_that_are_no_array_of_tables(value: object) -> None:
    providers, problems = read_providers({"providers": value}, known_providers())
    assert providers == ()
    assert "[[providers]]" in problems[0].hint


def test_a_clients_login_stays_with_the_vendor_that_gave_it() -> None:
    entry = '[[providers]]\nid = "anthropic"\nkey = "client"\nbase_url = "{}"\n'
    for fine in ("https://api.anthropic.com/", "http://127.0.0.1:9800"):
        assert read(entry.format(fine))[1] == ()
    providers, (problem,) = read(entry.format("https://evil.example"))
    assert providers == ()
    assert problem.where == "providers[0].key"


_scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(
        ["a", "anthropic", "openai-chat", "client", "env:A", "https://a.example", "1"]
    ),
)
_names = st.sampled_from(
    [
        *("id", "name", "base_url", "protocols", "key", "billing", "place", "auth"),
        *("any_model", "endpoints", "models", "lane", "price", "long_price", "above"),
        *("input", "context", "openai-chat", "keys"),
    ]
)
_trees = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(_names, st.text()), inner, max_size=4),
    ),
    max_leaves=12,
)
_entries = st.dictionaries(_names, _trees, max_size=9)


@given(
    st.one_of(
        _trees.map(lambda tree: {"providers": tree}),
        st.lists(_entries, max_size=3).map(lambda entries: {"providers": entries}),
        st.lists(_entries.map(lambda e: sound(**e)), max_size=3).map(
            lambda entries: {"providers": entries}
        ),
    )
)
def test_nothing_a_file_may_hold_raises(table: dict[str, Any]) -> None:
    providers, problems = read_providers(table, known_providers())
    assert len({provider.id for provider in providers}) == len(providers)
    listed = table["providers"]
    if isinstance(listed, list) and len(providers) < len(listed):
        assert problems, "an entry was left out without a word"
    for problem in problems:
        assert problem.where
        assert problem.message.endswith(".")
    for provider in providers:
        assert provider.protocols
        for protocol in provider.protocols:
            assert provider.url(protocol).startswith("http")


@given(st.text(min_size=12), st.sampled_from(["key", "base_url", "api_key", "place"]))
def test_no_value_is_ever_quoted(value: str, name: str) -> None:
    secret = f"QZ{value}QZ"
    _, problems = one(**{name: secret})
    assert secret not in " ".join(map(str, problems))


def test_a_price_tracked_for_an_id_means_nothing_at_another_server() -> None:
    (provider,), problems = read(
        '[[providers]]\nid = "mine"\nbase_url = "https://mine.example"\n'
        'protocols = ["openai-chat"]\nkey = "none"\nmodels = [{ id = "gpt-6-sol" }]\n'
    )
    assert problems == ()
    assert provider.models[0].rates is None


@pytest.mark.parametrize(
    "entry",
    [
        {"base_url": "http://127.0.0.1:11434/v1", "key": "none"},
        {"base_url": "http://[::1]:1", "key": "none", "protocols": ["ollama-chat"]},
        {"base_url": "https://b.example", "place": "my-network"},
    ],
)
def test_an_address_near_by_proves_nothing_about_cloud_models(
    entry: dict[str, object],
) -> None:
    made, problems = one(any_model=True, **entry)
    assert made is not None
    assert problems == ()
    spoken = made.protocols[0]
    for name in (
        "kimi-k2:cloud",
        "kimi-k2:Cloud",
        "qwen3-coder:480B-CLOUD",
        "x:cloud ",
    ):
        route = Route(made, None, name, spoken)
        assert (route.place, route.billing) == (Place.PROVIDER, Billing.METERED)
    assert Route(made, None, "kimi-k2", spoken).place is made.place
    known, _ = one(any_model=True, away=[], **entry)
    assert known is not None
    assert Route(known, None, "kimi-k2:cloud", spoken).place is made.place


@pytest.mark.parametrize("kin", ['id = "ollama"', 'id = "far"\nlike = "ollama"'])
@pytest.mark.parametrize(
    ("url", "place", "billing"),
    [
        ("https://ollama.com", Place.PROVIDER, Billing.METERED),
        ("http://192.168.1.5:11434", Place.MY_NETWORK, Billing.LOCAL),
        ("http://127.0.0.1:9", Place.THIS_MACHINE, Billing.LOCAL),
    ],
)
def test_a_local_server_that_is_elsewhere_is_elsewhere(
    kin: str, url: str, place: Place, billing: Billing
) -> None:
    (made,), problems = read(
        f'[[providers]]\n{kin}\nbase_url = "{url}"\nkey = "none"\n'
    )
    assert problems == ()
    assert (made.place, made.billing) == (place, billing)
    here = place is Place.THIS_MACHINE
    assert made.privacy is (Privacy.LOCAL if here else None)


def test_a_server_said_to_be_elsewhere_is_not_free() -> None:
    (made,), _ = read('[[providers]]\nid = "ollama"\nplace = "provider"\n')
    assert (made.billing, made.privacy) == (Billing.METERED, None)


def test_a_dated_name_of_a_cloud_model_is_one() -> None:
    made, _ = one(
        base_url="http://127.0.0.1:9", key="none", models=[{"id": "big-cloud"}]
    )
    assert made is not None
    dated = Route(made, made.models[0], "big-cloud-20260101", made.protocols[0])
    assert dated.place is Place.PROVIDER


def test_what_is_said_of_a_moved_server_holds() -> None:
    text = (
        '[[providers]]\nid = "ollama"\nbase_url = "https://o.example"\nkey = "none"\n'
        'place = "my-network"\nbilling = "free-tier"\n'
    )
    (made,), _ = read(text)
    assert (made.place, made.billing) == (Place.MY_NETWORK, Billing.FREE_TIER)
    (kept,), _ = read(
        '[[providers]]\nid = "anthropic"\nkey = "none"\n'
        'base_url = "http://127.0.0.1:9"\n'
    )
    assert (kept.place, kept.billing) == (Place.PROVIDER, Billing.METERED)
