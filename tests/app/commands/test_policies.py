"""What is wanted of routing, as the policies command shows it."""

from dataclasses import replace

from app.commands.policies import policies
from app.services import Services
from proxy.policies import shipped_policy
from proxy.routing import Intent, Mode, RouteClass, Rule, Tier
from proxy.routing.policy import Choosing, Reach


async def test_modes_come_with_what_they_do_and_which_acts(alone: Services) -> None:
    told = await policies(alone)
    assert told.mode is Mode.DIRECT
    assert [row.mode for row in told.modes if row.acts] == [Mode.DIRECT]
    assert {row.mode for row in told.modes} == set(Mode)
    rows = {row.mode: row for row in told.modes}
    assert rows[Mode.OFFLINE].reach is Reach.THIS_MACHINE
    assert rows[Mode.DIRECT].choosing is Choosing.ASKED
    assert rows[Mode.DIRECT].floors == ()
    floors = {
        (floor.intent, floor.route_class): floor.tier
        for floor in rows[Mode.CODING_AUTO].floors
    }
    assert floors == shipped_policy().modes[Mode.CODING_AUTO].floors
    assert floors[Intent.AUTO, RouteClass.DEEP_REASONING] is Tier.PREMIUM


async def test_names_keep_the_order_in_which_they_are_tried(alone: Services) -> None:
    told = await policies(alone)
    flat = [(name, row.intent) for row in told.intents for name in row.patterns]
    assert tuple(flat) == shipped_policy().intents


async def test_what_the_user_set_is_shown(alone: Services) -> None:
    rule = Rule(client="codex", route_class=RouteClass.TOOL_HEAVY, tier=Tier.PREMIUM)
    current = alone.config.current
    settings = replace(
        current.settings,
        mode=Mode.CODING_FAST,
        experimental_tools=True,
        price_ceiling="0.50",
    )
    alone.config.current = replace(current, settings=settings, rules=(rule,))
    told = await policies(alone)
    assert (told.mode, told.rules) == (Mode.CODING_FAST, (rule,))
    assert told.experimental_tools
    assert told.ceiling_nano == 500_000_000
    assert told.pressure_percent == 90
    assert told.config_file == str(alone.paths.config_file)
