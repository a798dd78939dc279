"""Servers are found by knocking; who is none is no find, and nobody holds it up."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from servers import kinds
from servers.double import Double, serving

from discovery import ports as ports_module
from discovery import servers as module
from discovery.findings import ServerFound, ServerKind, ServerState
from discovery.knock import Limits
from discovery.listening import Listener
from discovery.ports import USUAL, Target
from discovery.servers import Around, find_servers
from discovery.surroundings import Surroundings
from proxy.catalogue import Catalogue, Place, Provider, known_providers

NONE = Catalogue((), "s")
AROUND = Surroundings(Path("/nowhere"), {}, "linux")
Made = Callable[[], Double]


async def look(
    *ports: int,
    own_port: int = 8787,
    hosts: Collection[str] = (),
    used: Catalogue = NONE,
    sockets: tuple[Listener, ...] = (),
    seconds: float = 3.0,
) -> list[ServerFound]:
    around = Around(ports, lambda: sockets, seconds)
    found = find_servers(AROUND, own_port, hosts=hosts, used=used, around=around)
    return [each async for each in found]


async def look_at(double: Double, used: Catalogue = NONE) -> ServerFound:
    async with serving(double):
        (found,) = await look(double.port, used=used)
    return found


def catalogue(*providers: Provider) -> Catalogue:
    return Catalogue(providers, "s")


# --- what is found --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "provider", "models"),
    [
        (kinds.ollama, "ollama", "ollama", 3),
        (kinds.lm_studio, "lmstudio", "lmstudio", 2),
        (kinds.llama_cpp, "llamacpp", "llamacpp", 1),
        (kinds.llama_cpp_router, "llamacpp", "llamacpp", 2),
        (kinds.vllm, "vllm", "vllm", 1),
        (kinds.localai, "localai", "localai", 1),
        (kinds.koboldcpp, "koboldcpp", "", 1),
        (kinds.jan, "jan", "", 0),
        (kinds.open_webui, "open-webui", "", 0),
        (kinds.litellm, "litellm", "", 0),
        (kinds.text_generation_webui, "text-generation-webui", "", 1),
        (kinds.tabby_api, "tabbyapi", "", 0),
        (kinds.sglang, "openai-compatible", "", 1),
        (kinds.claude_code_router, "openai-compatible", "", 0),
    ],
)
async def test_every_kind_is_found(
    make: Made, kind: str, provider: str, models: int
) -> None:
    double = make()
    found = await look_at(double)
    assert (found.kind, found.provider) == (ServerKind(kind), provider)
    assert found.address == double.url
    assert len(found.models) == models
    assert found.gives.endswith(".")
    assert double.verbs == {"GET"}
    assert "/health" not in double.paths, "at LiteLLM it costs money"


async def test_ollama_is_found_with_all_that_it_tells() -> None:
    found = await look_at(kinds.ollama())
    assert (found.name, found.version, found.state) == ("Ollama", "0.40.2", "ready")
    assert found.place is Place.THIS_MACHINE
    assert {each.id: each.place for each in found.models} == {
        "qwen3:8b": Place.THIS_MACHINE,
        "gemma3:4b": Place.THIS_MACHINE,
        "gpt-oss:120b-cloud": Place.PROVIDER,
    }
    assert "runs at ollama.com, not here" in found.notes[0]
    assert found.models[0].context == 4096, "what is allocated, from /api/ps"


@pytest.mark.parametrize("make", [kinds.litellm, kinds.open_webui])
async def test_of_a_gateway_nothing_is_here(make: Made) -> None:
    assert (await look_at(make())).place is Place.PROVIDER


async def test_who_is_starting_or_locked_is_found_as_that() -> None:
    assert (await look_at(kinds.loading_llama_cpp())).state is ServerState.STARTING
    assert (await look_at(kinds.locked_vllm())).state is ServerState.NEEDS_KEY


async def test_what_the_configuration_names_is_marked() -> None:
    double = kinds.ollama()
    async with serving(double):
        ollama = known_providers()["ollama"]
        for url, used in [
            (double.url, True),
            (f"http://localhost:{double.port}/v1", True),
            ("http://127.0.0.1:1", False),
            (f"http://192.0.2.7:{double.port}", False),
        ]:
            named = catalogue(replace(ollama, base_url=url))
            (found,) = await look(double.port, used=named)
            assert found.used is used


# --- who is none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        kinds.html_everywhere,
        kinds.unrelated_app,
        kinds.json_for_all,
        kinds.guarded_app,
        kinds.redirecting,
        kinds.list_in_html,
        kinds.endless,
        kinds.cut_short,
        kinds.our_gateway,
    ],
)
async def test_an_impostor_is_no_find(make: Made) -> None:
    async with serving(make()) as double:
        assert await look(double.port) == []


async def test_a_gateway_of_ours_is_left_alone_at_once() -> None:
    async with serving(kinds.our_gateway()) as double:
        assert await look(double.port) == []
    assert double.paths == ["/v1/models"]


async def test_our_own_port_is_not_even_knocked_at() -> None:
    async with serving(kinds.ollama()) as double:
        own = Listener(double.port, "127.0.0.1", "ollama", known=True)
        hosts = [double.url]
        found = await look(own_port=double.port, sockets=(own,), hosts=hosts)
    assert found == []
    assert double.asked == []


@pytest.mark.parametrize("make", [kinds.hanging, kinds.lingering])
async def test_a_hanging_port_costs_its_deadline_and_no_other_server(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEAR", Limits(0.2, 0.15))
    async with AsyncExitStack() as stack:
        stuck = [await stack.enter_async_context(serving(make())) for _ in range(3)]
        double = await stack.enter_async_context(serving(kinds.ollama()))
        began = time.monotonic()
        ports = [*(each.port for each in stuck), double.port]
        found = await look(*ports)
        took = time.monotonic() - began
    assert [each.kind for each in found] == [ServerKind.OLLAMA]
    assert took < 2
    assert {len(each.asked) for each in stuck} == {1}, "given up at the first silence"


async def test_the_whole_look_ends_in_time() -> None:
    async with AsyncExitStack() as stack:
        many = [
            await stack.enter_async_context(serving(kinds.hanging())) for _ in range(20)
        ]
        began = time.monotonic()
        assert await look(*(each.port for each in many), seconds=0.2) == []
        assert time.monotonic() - began < 2


async def test_a_refused_port_is_asked_once() -> None:
    began = time.monotonic()
    assert await look(*range(1, 12)) == []
    assert time.monotonic() - began < 2


# --- where it looks -------------------------------------------------------------------


async def test_a_server_on_both_addresses_is_one_find() -> None:
    double = kinds.ollama()
    async with serving(double) as four, serving(kinds.ollama(), "::1", four.port):
        (found,) = await look(four.port)
    assert found.address == f"http://127.0.0.1:{double.port}"


async def test_two_servers_on_one_port_are_two_finds() -> None:
    async with serving(kinds.ollama()) as four, serving(kinds.vllm(), "::1", four.port):
        found = await look(four.port)
        port = four.port
    assert {each.address: each.name for each in found} == {
        f"http://127.0.0.1:{port}": "Ollama",
        f"http://[::1]:{port}": "vLLM",
    }


async def test_where_a_servers_process_listens_is_looked_too() -> None:
    async with serving(kinds.ollama()) as double:
        socket = Listener(double.port, "0.0.0.0", "ollama", known=True)
        (found,) = await look(sockets=(socket,))
        inner = replace(socket, inner=True)
        other = replace(socket, known=False)
        double.asked.clear()
        assert await look(sockets=(inner, other)) == []
    assert found.notes[0].startswith("It is open to your network")
    assert double.asked == []


async def test_a_server_for_this_machine_only_is_not_called_open() -> None:
    async with serving(kinds.ollama()) as double:
        socket = Listener(double.port, "127.0.0.1", "ollama", known=True)
        (found,) = await look(double.port, sockets=(socket,))
    assert not any("open to your network" in note for note in found.notes)


async def test_a_host_that_the_user_named_is_asked_and_no_other() -> None:
    async with serving(kinds.vllm()) as double:
        assert await look() == []
        (found,) = await look(hosts=[f"{double.url}/v1", "http://a:b@x", "gpu-box"])
    assert (found.name, found.place) == ("vLLM", Place.THIS_MACHINE)


async def test_a_server_on_another_host_is_found_with_its_own_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports_module, "_is_here", lambda host: False)
    vllm = known_providers()["vllm"]
    async with serving(kinds.vllm()) as double:
        used = catalogue(replace(vllm, base_url=double.url))
        (found,) = await look(hosts=[f"{double.url}/v1"], used=used)
    assert (found.address, found.used) == (double.url, True)
    assert found.place is Place.THIS_MACHINE, "what its name stands for decides"


async def test_the_usual_ports_are_those_that_are_knocked_at(tmp_path: Path) -> None:
    around = Surroundings(tmp_path, {"OLLAMA_HOST": "127.0.0.1:11500"}, "linux")
    ports = module._ports(around, 8080, ["http://localhost:9"], module.THIS_MACHINE)
    assert set(ports) == {*USUAL, 11500, 9} - {8080}


async def test_what_a_named_host_is_called_decides_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = ["192.168.1.7"]

    async def resolved(host: str, port: int) -> list[tuple[object, ...]]:
        assert host == "gpu-box"
        return [(0, 0, 0, "", (each, port)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    target = Target("http://gpu-box:8000", 8000, named=True)
    assert await module._place(target) is Place.MY_NETWORK
    addresses.append("93.184.216.34")
    assert await module._place(target) is Place.PROVIDER
    addresses[:] = ["127.0.1.1", "::1"]
    assert await module._place(target) is Place.THIS_MACHINE

    async def unknown(host: str, port: int) -> list[tuple[object, ...]]:
        raise OSError

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert await module._place(target) is Place.PROVIDER


async def test_sockets_that_are_told_too_late_hold_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LISTENING_SECONDS", 0.05)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly() -> tuple[Listener, ...]:
        asyncio.run_coroutine_threadsafe(told.wait(), loop).result()
        return ()

    async with serving(kinds.ollama()) as double:
        around = Around((double.port,), slowly)
        found = [
            each async for each in find_servers(AROUND, 1, used=NONE, around=around)
        ]
    told.set()
    assert len(found) == 1


# --- how it ends ----------------------------------------------------------------------


async def test_findings_come_one_by_one() -> None:
    async with serving(kinds.ollama()) as quick, serving(kinds.hanging()) as slow:
        around = Around((quick.port, slow.port), tuple)
        async with contextlib.aclosing(
            find_servers(AROUND, 1, used=NONE, around=around)
        ) as found:
            first = await anext(found)
            assert first.name == "Ollama"
            assert slow.open, "the other is still waited for"


async def test_who_stops_early_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with serving(kinds.hanging()) as double:
        around = Around((double.port,), tuple)

        async def all_of_it() -> None:
            async for _ in find_servers(AROUND, 1, used=NONE, around=around):
                pass

        task = asyncio.get_running_loop().create_task(all_of_it())
        await double.until(lambda it: len(it.asked) == 1)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        await double.until(lambda it: not it.open)
    left = [each for each in asyncio.all_tasks() - before if not each.done()]
    assert left == []
