"""What routing is decided by now: in a gateway, and where none runs."""

from pathlib import Path

from loopback import provider, serving

from app.assemble import in_process
from app.commands.policies import PolicyList
from app.commands.routes import RouteList
from app.commands.simulate import Simulation
from app.kept import KeptHealth
from app.paths import make_folders, paths_for
from app.routing_now import routing_now
from proxy.catalogue import Route
from proxy.errors import Failure, FailureKind
from proxy.health import Health
from proxy.routing import Mode

CONFIG = '[gateway]\nmode = "coding-auto"\n' + provider("http://127.0.0.1:9")
BODY = b'{"model":"claude-opus-5","messages":[{"role":"user","content":"Hello."}]}'


async def test_without_a_gateway_files_tell_it(tmp_path: Path) -> None:
    paths = paths_for({}, tmp_path)
    make_folders(paths)
    paths.config_file.write_text(CONFIG)
    async with in_process(paths, {}) as services:
        now = await routing_now(services)
        (known,) = now.catalogue.providers
        assert now.policy.mode is Mode.CODING_AUTO
        assert "SCRIPTED_KEY" in now.condition.not_ready["scripted"]
        assert now.outlook.routes == ()
        health = Health()
        route = Route(known, known.models[0], "scripted-large", known.protocols[0])
        failure = Failure(FailureKind.RATE_LIMITED, "It answered 429.", 429, 900.0)
        health.ended(route, failure, now=services.clock.now().timestamp())
        KeptHealth(paths.kept_health, health).last()
        resting = (await routing_now(services)).condition
        assert {*resting.routes, *resting.groups} & {route.name, route.quota_group}


async def test_the_door_carries_what_a_gateway_knows(tmp_path: Path) -> None:
    asked = tmp_path / "asked.json"
    asked.write_bytes(BODY)
    async with serving(tmp_path / "home", CONFIG) as gateway:
        routes = await gateway.door.call("routes", RouteList, client="claude-code")
        assert [row.id for row in routes.routes] == [
            "scripted/scripted-large",
            "scripted/*",
        ]
        assert routes.routes[0].ready
        policies = await gateway.door.call("policies", PolicyList)
        assert policies.mode is Mode.CODING_AUTO
        simulated = await gateway.door.call(
            "simulate", Simulation, file=str(asked), mode="offline"
        )
        (row,) = simulated.rows
        assert row.before.route == "scripted/scripted-large"
        assert row.after.route == ""
        assert gateway.events() == ()


async def test_a_request_that_was_answered_can_be_simulated_again(
    tmp_path: Path,
) -> None:
    config = '[gateway]\nmode = "coding-auto"\n'
    async with serving(tmp_path / "home", config) as gateway:
        status, _, _ = await gateway.post("/v1/chat/completions", BODY)
        assert status == 200
        found = await gateway.door.call("simulate", Simulation, last=1)
        (row,) = found.rows
        assert found.recorded
        assert row.before.route == row.after.route
        assert row.client == "claude-code"
        decision = gateway.decision(row.request)
        assert decision is not None
        assert "Hello" not in decision
