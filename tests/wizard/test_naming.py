"""Keys by the names that people give them."""

from wizard.formats.terms import Item
from wizard.naming import key_name


def test_keys_are_named_from_the_root() -> None:
    assert key_name(("env", "ANTHROPIC_BASE_URL")) == "env.ANTHROPIC_BASE_URL"
    assert key_name(("models", Item("name", "Turnout"))) == "models[Turnout]"
    assert key_name(()) == "the whole file"
