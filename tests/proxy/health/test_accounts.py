"""An account is known by a digest that shows nothing of its credential."""

from pathlib import Path

from loopback import provider, serving
from upstream import ScriptedUpstream
from upstream.failures import refuse

from proxy.health import account_of

KEY = (("x-api-key", "sk-ant-example-account-a"),)
OTHER = (("x-api-key", "sk-ant-example-account-b"),)


def test_each_client_and_credential_is_an_account() -> None:
    pairs = [("one", KEY), ("one", OTHER), ("two", KEY), ("two", OTHER)]
    assert len({account_of(*pair) for pair in pairs}) == 4
    assert account_of("one", KEY) == account_of("one", KEY)


def test_where_nothing_was_brought_there_is_none() -> None:
    assert account_of("one", ()) == ""


def test_the_credential_cannot_be_seen() -> None:
    assert "example" not in account_of("one", KEY)


def test_odd_bytes_are_digested_as_well() -> None:
    assert account_of("one", (("authorization", "Bearer \udcff"),))


async def test_one_persons_limit_leaves_the_other_alone(tmp_path: Path) -> None:
    async with ScriptedUpstream() as one, ScriptedUpstream() as two:
        own = provider(one.url, "own").replace("env:SCRIPTED_KEY", "client")
        config = own + provider(two.url, "ours")
        async with serving(tmp_path, config) as gateway:
            one.push(refuse(429, retry_after="600"))
            routes = []
            for token in ("account-a", "account-a", "account-b", "account-a"):
                _, headers, _ = await gateway.post(
                    "/v1/messages",
                    {
                        "model": "scripted-large",
                        "max_tokens": 9,
                        "messages": [{"role": "user", "content": token}],
                    },
                    authorization=f"Bearer sk-ant-example-{token}",
                )
                routes.append(headers["x-turnout-route"].partition("/")[0])
            assert routes == ["ours", "ours", "own", "ours"]
