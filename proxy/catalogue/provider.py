"""The values the catalogue is made of: providers, their models and routes to them.

It must not read files or know where an entry came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from proxy.model import Protocol, Usage
from proxy.money import Price
from proxy.prices.rates import ORDINARY, Rate, Rates, Variant
from proxy.wire.dialect import UNKNOWN_DIALECTS, VENDOR_DIALECTS, Dialect, ReasoningWord

_PATHS: Mapping[Protocol, str] = {
    Protocol.MESSAGES: "/v1/messages",
    Protocol.RESPONSES: "/v1/responses",
    Protocol.CHAT: "/v1/chat/completions",
    # A Gemini call names its model in the path; this is what it is appended to.
    Protocol.GEMINI: "/v1beta/models",
    Protocol.OLLAMA: "/api/chat",
}
NO_TIME: Final = datetime.fromtimestamp(0, UTC)
"""The time of a source that has none: the user's own file, which is his word."""
_DATED = re.compile(r"(?P<id>.+)-20[0-9]{6}")


class Place(StrEnum):
    """Where a route's model runs; trust and `offline` follow it, not the address."""

    THIS_MACHINE = "this-machine"
    MY_NETWORK = "my-network"
    PROVIDER = "provider"


class Billing(StrEnum):
    """How a route's calls are paid for."""

    METERED = "metered"
    SUBSCRIPTION = "subscription"
    FREE_TIER = "free-tier"
    LOCAL = "local"


class AuthStyle(StrEnum):
    """The header that carries a provider's key; `bearer` is `Authorization`."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    X_GOOG_API_KEY = "x-goog-api-key"
    API_KEY = "api-key"


class Thinking(StrEnum):
    """How a model takes the wish to think, where that is not as its provider says.

    `levels` are words from weak to strong, `budget` is a number of tokens; only
    Messages and Gemini spell the two differently. Either one also holds where the
    provider's dialect asks no model to think. `none` cannot think.
    """

    NONE = "none"
    LEVELS = "levels"
    BUDGET = "budget"


class Safety(StrEnum):
    """Whether tool use of a model with one client is known to work."""

    YES = "yes"
    EXPERIMENTAL = "experimental"
    NO = "no"


class Privacy(StrEnum):
    """What a provider does with what it is sent; a person confirms it, not Turnout.

    `local` leaves nothing; `tenant` is the user's own part of a cloud; `no-training`
    keeps it for a short time or not at all; `settings` depends on the account;
    `opaque` may train on it, or does not say.
    """

    LOCAL = "local"
    TENANT = "tenant"
    NO_TRAINING = "no-training"
    SETTINGS = "settings"
    OPAQUE = "opaque"


class LimitsDialect(StrEnum):
    """How a provider tells its rate limits in headers; `none` tells nothing."""

    NONE = "none"
    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GROQ = "groq"
    CEREBRAS = "cerebras"
    MISTRAL = "mistral"
    OPENROUTER = "openrouter"
    XAI = "xai"
    FIREWORKS = "fireworks"


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a model is known to do; None is not known. The registry's one entry.

    `claude_code` and `codex` say whether tool use with that client works.
    `source` says who says so.
    """

    streaming: bool = True
    parallel_tools: bool | None = None
    forced_tools: bool | None = None
    thinking: bool | None = None
    structured: bool | None = None
    claude_code: Safety = Safety.YES
    codex: Safety = Safety.YES
    source: str = ""


ASSUMED: Final = Compatibility()
"""What holds for a model that the user wrote down: his word for it."""

_THINKING_WORDS: Mapping[tuple[Thinking, Protocol], ReasoningWord] = {
    (Thinking.LEVELS, Protocol.MESSAGES): ReasoningWord.ADAPTIVE,
    (Thinking.BUDGET, Protocol.MESSAGES): ReasoningWord.THINKING,
    (Thinking.LEVELS, Protocol.GEMINI): ReasoningWord.EFFORT,
    (Thinking.BUDGET, Protocol.GEMINI): ReasoningWord.THINKING,
}


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Where a provider's key is found; never the key itself.

    `env` and `keyring` have a `name` there; `none` sends no key; `client` passes on
    the credential that the request brought along.
    """

    kind: Literal["env", "keyring", "none", "client"]
    name: str = ""

    def __str__(self) -> str:
        """Return it as `config.toml` spells it: `env:NAME`, `none`."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider.

    `context` and `max_output` are tokens, None where unknown. `lane` is
    `family/tier`. `place` is None where the provider's holds.
    `vision` is None where nobody said: then images are tried, and the provider says.
    `sampling` takes temperature and top_p. `thinking` is None and `efforts`, the
    levels it takes from weak to strong, empty where the provider's dialect holds.
    `rates` are all its prices with their conditions, None where they are not tracked,
    which never means free. `quality` is 0 to 100, None where its tier's default holds;
    `class_quality` has other numbers for single route classes, `quality_source` says
    who judged. `aliases` are other names by which it is asked for here. `quota` names
    the quota group, '' where it is the provider's.
    """

    id: str
    display_name: str = ""
    lane: str | None = None
    context: int | None = None
    max_output: int | None = None
    tools: bool = True
    vision: bool | None = None
    place: Place | None = None
    sampling: bool = True
    thinking: Thinking | None = None
    efforts: tuple[str, ...] = ()
    rates: Rates | None = None
    quality: int | None = None
    class_quality: tuple[tuple[str, int], ...] = ()
    quality_source: str = ""
    compatibility: Compatibility = ASSUMED
    aliases: tuple[str, ...] = ()
    quota: str = ""

    def narrow(self, dialect: Dialect, protocol: Protocol) -> Dialect:
        """Return what of `dialect`, its provider's in `protocol`, this model takes."""
        return replace(
            dialect,
            images=dialect.images and self.vision is not False,
            tools=dialect.tools and self.tools,
            sampling=dialect.sampling and self.sampling,
            efforts=self.efforts or dialect.efforts,
            reasoning=self._reasoning(dialect, protocol),
        )

    def _reasoning(self, dialect: Dialect, protocol: Protocol) -> ReasoningWord:
        if self.thinking is Thinking.NONE:
            return ReasoningWord.NONE
        if self.thinking is None:
            return dialect.reasoning
        if word := _THINKING_WORDS.get((self.thinking, protocol)):
            return word
        silent = dialect.reasoning is ReasoningWord.NONE
        return ReasoningWord.EFFORT if silent else dialect.reasoning

    @property
    def price(self) -> Price | None:
        """The price that holds unless a condition says otherwise; None: untracked."""
        if self.rates is None:
            return None
        plain = (rate.price for rate in self.rates.entries if _always(rate))
        return next(plain, None)

    @property
    def price_source(self) -> str:
        """Who says what it costs, in the words of a record; '' where nobody does."""
        if self.rates is None:
            return ""
        source = self.rates.source
        return source.reference if source.time == NO_TIME else str(source)


def _always(rate: Rate) -> bool:
    conditions = (rate.starts, rate.from_minute, rate.to_minute)
    return not rate.above and not rate.variant and conditions == (None, None, None)


def _nothing(_name: str) -> Rates | None:
    """Track no price."""
    return None


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who answers model requests, and how to reach them.

    `base_url` has no trailing slash. `endpoints` overrides where single protocols are
    posted: a whole URL, or a path below `base_url` that begins with a slash.
    `any_model` takes names that `models` does not list. `auth` is None where the
    protocol's usual header serves. `protocols` stand in the order in which they are
    spoken for clients of another one. `dialects` has those protocols in which its
    server is not as the protocol's vendor. Models whose names end in one of `away` run
    at the provider, whatever `place` says. `fill_in` is the part of `base_url` that
    each user has to replace, '' where there is none; who calls it has none. `unknown`
    is a server of the user's own file that Turnout knows nothing about. `privacy` is
    None where nobody said. `limits` is how it tells its rate limits, `probe` the path
    of a free request that shows whether it lives, '' where there is none. `quota` names
    the quota group that its routes draw on, '' for one of its own. `compatibility`
    holds for models that are not listed. `gone` is the sentence that says why it can no
    longer be called, '' where it can; such a one is known so that it can be explained,
    and is in no catalogue. `priced_as` is the id that tracked prices know it by, ''
    where that is its own. `tracked` finds the prices in force by a model's name there;
    it is no part of what the provider is, so equality does not look at it.
    """

    id: str
    name: str
    base_url: str
    protocols: tuple[Protocol, ...]
    key: KeyRef
    billing: Billing
    place: Place
    any_model: bool = False
    # A mapping has no hash; two equal providers still hash alike without it.
    endpoints: Mapping[Protocol, str] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    auth: AuthStyle | None = None
    models: tuple[Model, ...] = ()
    price_source: str = ""
    dialects: Mapping[Protocol, Dialect] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    away: tuple[str, ...] = ()
    fill_in: str = ""
    unknown: bool = False
    privacy: Privacy | None = None
    limits: LimitsDialect = LimitsDialect.NONE
    probe: str = ""
    quota: str = ""
    compatibility: Compatibility = ASSUMED
    gone: str = ""
    priced_as: str = ""
    tracked: Callable[[str], Rates | None] = field(
        default=_nothing, compare=False, repr=False
    )

    @property
    def probe_url(self) -> str:
        """The URL of the free request that shows whether it lives; '' for none."""
        return f"{self.base_url}{self.probe}" if self.probe else ""

    def dialect(self, protocol: Protocol) -> Dialect:
        """Return what its server takes in `protocol`.

        To an unknown server less is written than it may take. What its own clients
        send it goes there as it is all the same: nothing says that it deviates.
        """
        usual = UNKNOWN_DIALECTS if self.unknown else VENDOR_DIALECTS
        return self.dialects.get(protocol) or usual[protocol]

    def url(self, protocol: Protocol) -> str:
        """Return the URL that requests of `protocol` are posted to.

        For Gemini it is the folder that the model's name is appended to.
        """
        own = self.endpoints.get(protocol)
        if own is not None:
            return f"{self.base_url}{own}" if own.startswith("/") else own
        path = _PATHS[protocol]
        version = path[: path.index("/", 1)]
        if self.base_url.endswith(version):
            path = path.removeprefix(version)
        return f"{self.base_url}{path}"

    def auth_style(self, protocol: Protocol) -> AuthStyle:
        """Return the header that carries the key in a request of `protocol`."""
        if self.auth is not None:
            return self.auth
        match protocol:
            case Protocol.MESSAGES:
                return AuthStyle.X_API_KEY
            case Protocol.GEMINI:
                return AuthStyle.X_GOOG_API_KEY
            case Protocol.RESPONSES | Protocol.CHAT | Protocol.OLLAMA:
                return AuthStyle.BEARER

    def find_model(self, name: str) -> Model | None:
        """Return the model that `name` means here, None where it is not listed.

        A listed id, or one of a model's `aliases`, or a listed id with a date behind it
        as vendors name their frozen versions (`claude-haiku-4-5-20251001`).
        """
        dated = _DATED.fullmatch(name)
        for wanted in (name, dated["id"] if dated else name):
            for model in self.models:
                if model.id == wanted:
                    return model
            for model in self.models:
                if wanted in model.aliases:
                    return model
        return None

    def rates(self, name: str) -> Rates | None:
        """Return what the model `name` costs here, None where nobody says.

        A listed model has its own prices or none; of a name that only `any_model`
        admits those count that are tracked for exactly this name.
        """
        model = self.find_model(name)
        return model.rates if model else self.tracked(name)

    def upstream_name(self, name: str) -> str:
        """Return the name that goes upstream for `name`: for an alias, the model's id.

        A dated name is one that the vendor knows, and stays.
        """
        model = self.find_model(name)
        return model.id if model and name in model.aliases else name

    def spoken(self, protocol: Protocol) -> Protocol:
        """Return what is spoken to it for a client of `protocol`."""
        return protocol if protocol in self.protocols else self.protocols[0]


@dataclass(frozen=True, slots=True)
class Route:
    """One executable way: a provider, a model name there and the wire protocol.

    `model` is None for a name that only `any_model` admits; `model_id` is the name
    that goes upstream.
    """

    provider: Provider
    model: Model | None
    model_id: str
    protocol: Protocol

    @property
    def name(self) -> str:
        """The route as people see it: `provider/model`."""
        return f"{self.provider.id}/{self.model_id}"

    @property
    def place(self) -> Place:
        """Where the model runs."""
        if self.model and self.model.place:
            return self.model.place
        # Servers match names without regard to case; a date may stand behind one.
        names = (self.model_id, self.model.id if self.model else "")
        if any(name.strip().lower().endswith(self.provider.away) for name in names):
            return Place.PROVIDER
        return self.provider.place

    @property
    def lane(self) -> str | None:
        """The model's lane, None where it is not listed or has none."""
        return self.model.lane if self.model else None

    @property
    def tier(self) -> str:
        """The second half of the lane: how strong it is; '' where there is none."""
        return (self.lane or "").rpartition("/")[2]

    @property
    def quota_group(self) -> str:
        """The limit that calls of this route draw on: an account's, or a model's."""
        own = self.model.quota if self.model else ""
        return own or self.provider.quota or self.provider.id

    @property
    def compatibility(self) -> Compatibility:
        """What is known of what the model does."""
        return (self.model or self.provider).compatibility

    @property
    def billing(self) -> Billing:
        """How calls of this route are paid for.

        A server on this machine may hand some models' calls on to its maker's cloud:
        nobody has said what those cost.
        """
        billing, at = self.provider.billing, self.provider.place
        away = self.place is Place.PROVIDER and at is not Place.PROVIDER
        return Billing.METERED if away and billing is Billing.LOCAL else billing

    @property
    def dialect(self) -> Dialect:
        """What may be said on this route: the provider's dialect, less the model's.

        Of a model that is not listed nothing less is known.
        """
        whole = self.provider.dialect(self.protocol)
        return _narrowed(self.model, whole, self.protocol) if self.model else whole

    @property
    def price(self) -> Price | None:
        """The price that holds unless a condition says otherwise; see `price_for`."""
        if self.model:
            return self.model.price
        rates = self.rates
        return rates.base if rates else None

    @property
    def rates(self) -> Rates | None:
        """All prices of the model here, listed or tracked by its name; None: unknown.

        Each reading of it looks an unlisted name up again.
        """
        if self.model:
            return self.model.rates
        return self.provider.tracked(self.model_id)

    def price_for(
        self, usage: Usage, moment: datetime, variant: Variant = ORDINARY
    ) -> Price | None:
        """Return the price that holds for a request which used `usage`; None unknown.

        `moment` is when it came (UTC), `variant` what the answer said about how it was
        served.
        """
        rates = self.rates
        return rates.price(usage.whole_input, moment, variant) if rates else None


@lru_cache(maxsize=1024)
def _narrowed(model: Model, dialect: Dialect, protocol: Protocol) -> Dialect:
    """Return `model.narrow(...)`; few are in use, and every request asks for one."""
    return model.narrow(dialect, protocol)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All providers, in the order of the user's file.

    `snapshot` names the prices they carry: equal ids mean equal prices.
    """

    providers: tuple[Provider, ...]
    snapshot: str
    _options: dict[Protocol, tuple[Route, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def provider(self, provider_id: str) -> Provider | None:
        """Return the provider with this id, None where there is none."""
        return next((p for p in self.providers if p.id == provider_id), None)

    def options(self, protocol: Protocol) -> tuple[Route, ...]:
        """Return the ways to all listed models, for clients of `protocol`.

        Providers and models stand in their own order. Each is spoken to in the client's
        protocol where it can be, else in its own first one. Made once.
        """
        found = self._options.get(protocol)
        if found is None:
            found = tuple(
                Route(provider, model, model.id, provider.spoken(protocol))
                for provider in self.providers
                for model in provider.models
            )
            self._options[protocol] = found
        return found
