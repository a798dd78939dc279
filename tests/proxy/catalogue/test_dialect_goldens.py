"""What each known provider is sent for one rich request, in each of its protocols.

This is the proof behind the level *golden* of `docs/reference/providers.md`.
"""

import json
from pathlib import Path

import pytest
from chat_dialects import RICH
from golden_files import Golden

from proxy.catalogue import known_providers
from proxy.model import Protocol
from proxy.translation.fit import fit
from proxy.wire import PROVIDER_CODEC_OF
from proxy.wire.codec import Target

_FOLDER = Path(__file__).resolve().parents[2] / "golden" / "dialects"
WAYS = [
    (provider.id, protocol)
    for provider in known_providers().values()
    if not provider.gone
    for protocol in provider.protocols
]


@pytest.mark.parametrize(("name", "protocol"), WAYS)
def test_one_rich_request_in_the_provider_s_dialect(
    name: str, protocol: Protocol, golden: Golden
) -> None:
    dialect = known_providers()[name].dialect(protocol)
    target = Target(protocol, name, "model-x", dialect, stream=True)
    fitted = fit(RICH, target)
    written = PROVIDER_CODEC_OF[protocol].write_request(fitted.request, target)
    losses = sorted({loss.name for loss in (*fitted.losses, *written.losses)})
    sent = {"body": json.loads(written.body), "losses": losses}
    text = json.dumps(sent, indent=1, ensure_ascii=False)
    golden.check(f"dialects/{name}/{protocol}.json", f"{text}\n".encode())


def test_no_golden_file_is_of_a_way_that_is_not_there() -> None:
    files = {path.relative_to(_FOLDER).as_posix() for path in _FOLDER.rglob("*.json")}
    assert files == {f"{name}/{protocol}.json" for name, protocol in WAYS}
