"""What clients that read a file with a key in it have in common; pure text."""

from app.commands.pointing.terms import SettingsPart


def start(file: str, command: str) -> SettingsPart:
    """The key stands in that file, so it is made readable for its owner alone."""
    return SettingsPart(
        "Then type this into a terminal", f"chmod 600 {file}\n{command}"
    )


def added(file: str, what: str = "these keys") -> str:
    """Return where text goes that a file may have to be given beside its own."""
    return f"The file {file} (where it exists already, add {what} to it)"
