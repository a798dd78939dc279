"""Makes a request fit a target, and names what gets lost on the way; pure.

What comes out is what a provider's encoder may rely on: turns in order, legal names
and ids, only parts and wishes the target has a place for. It never raises: what a
request depends on and a target lacks is `proxy.translation.needs`' to tell before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.model import Loss, Request
from proxy.translation.extras import NEEDED, fates
from proxy.translation.hosted import goes_as_function, with_calls
from proxy.translation.names import Names, names_of
from proxy.translation.reach import Reach
from proxy.translation.thinking import Recall
from proxy.translation.tools import fit_choice, fit_tools
from proxy.translation.turns import fit_turns
from proxy.translation.wishes import (
    fit_format,
    fit_limits,
    fit_reasoning,
    fit_rest,
    fit_sampling,
)
from proxy.wire.codec import Target
from proxy.wire.losses import Noted


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request as its target takes it.

    `losses` are named once each; `names` lead back; `stops` are the stop sequences the
    gateway itself must enforce (`StopGuard`), () where the provider does.
    """

    request: Request
    losses: tuple[Loss, ...]
    names: Names
    stops: tuple[str, ...]


def fit(
    request: Request,
    target: Target,
    *,
    recall: Recall | None = None,
    proofs_from: str | None = None,
) -> Fitted:
    """Return the request as the target takes it.

    `recall` knows what was thought before earlier calls, for clients whose protocol
    cannot carry that. `proofs_from` is the id of the provider that made the proofs
    which do not say themselves who made them; None, where nobody knows, takes them for
    the target's own. The same request and target always give the same result, and a
    longer conversation the same beginning.
    """
    noted = Noted()
    foreign = proofs_from not in {None, target.provider}
    reach = Reach(request.protocol, target.protocol, target.dialect, foreign)
    if goes_as_function(reach):
        request = replace(request, messages=with_calls(request.messages))
    names = names_of(request, target.protocol, target.dialect)
    head, messages = fit_turns(request, target, reach, names, noted, recall)
    offered = fit_tools(request, reach, names, noted)
    choice, tools = fit_choice(request, offered, reach, names, noted)
    limits, stops = fit_limits(request, target, noted)
    reasoning = fit_reasoning(request, target, messages, limits, noted)
    form, told = fit_format(request, target, tools, noted)
    fitted = replace(
        fit_rest(request, target, noted),
        system=(*head, *told),
        messages=messages,
        tools=tools,
        tool_choice=choice,
        limits=limits,
        sampling=fit_sampling(request, target, reasoning, noted),
        reasoning=reasoning,
        output_format=form,
        extras=request.extras if reach.same else {},
    )
    if not reach.same:
        for name, fate in fates(request.protocol, request.extras):
            noted.add("field" if fate == NEEDED else fate, [name])
    return Fitted(fitted, noted.losses, names, stops)
