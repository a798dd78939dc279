"""The tables and the view as peewee models, for reading; they create nothing."""

from __future__ import annotations

from peewee import IntegerField, Model, TextField


class RequestRow(Model):
    """The view `requests`: a published interface."""

    id = TextField(primary_key=True)
    sequence = IntegerField()
    time = TextField()
    arrived = TextField()
    run = TextField()
    client = TextField()
    protocol = TextField()
    session = TextField()
    agent = TextField()
    parent_agent = TextField()
    project = TextField()
    mode = TextField()
    route_class = TextField()
    requested_model = TextField()
    stream = IntegerField()
    provider = TextField()
    model = TextField()
    lane = TextField()
    fallback_chain = TextField()
    attempts = TextField()
    input_tokens = IntegerField()
    cache_read_tokens = IntegerField()
    cache_write_tokens = IntegerField()
    cache_write_1h_tokens = IntegerField()
    output_tokens = IntegerField()
    reasoning_tokens = IntegerField()
    web_searches = IntegerField()
    price = TextField()
    price_snapshot = TextField()
    cost_nano = IntegerField()
    billing = TextField()
    first_byte_ms = IntegerField()
    duration_ms = IntegerField()
    cache_hit = IntegerField()
    stop_reason = TextField()
    status = TextField()
    error_kind = TextField()
    losses = TextField()
    intent = TextField()
    class_evidence = TextField()
    floor = IntegerField()
    mark = TextField()
    escalated = IntegerField()
    answer_cost_nano = IntegerField()
    asked_cost_nano = IntegerField()

    class Meta:
        """Which table or view it is."""

        table_name = "requests"


class RoutedRow(Model):
    """A request that was routed."""

    sequence = IntegerField(primary_key=True)
    id = TextField()
    run = TextField()
    client = TextField()
    decision = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "routed"


class FinishedRow(Model):
    """A request that is over; the view shows the rest."""

    sequence = IntegerField(primary_key=True)
    id = TextField()
    run = TextField()
    status = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "finished"


class AttemptRow(Model):
    """An attempt that used something and was not the one its request ended with."""

    sequence = IntegerField(primary_key=True)
    request = TextField()
    time = TextField()
    provider = TextField()
    model = TextField()
    lane = TextField()
    billing = TextField()
    cost_nano = IntegerField()

    class Meta:
        """Which table or view it is."""

        table_name = "attempts"


class RunRow(Model):
    """A gateway's life."""

    sequence = IntegerField(primary_key=True)
    id = TextField()
    pid = IntegerField()
    started = TextField()
    version = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "runs"


class RunEndRow(Model):
    """A gateway's life is over and nothing of it is left open."""

    sequence = IntegerField(primary_key=True)
    run = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "run_ends"


class KeyEntryRow(Model):
    """A key was created or revoked."""

    sequence = IntegerField(primary_key=True)
    entry = TextField()
    id = TextField()
    name = TextField()
    scope = TextField()
    hash = TextField()
    time = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "gateway_keys"


class ConsentRow(Model):
    """A yes or no that somebody gave, or took back."""

    sequence = IntegerField(primary_key=True)
    id = TextField()
    time = TextField()
    kind = TextField()
    subject = TextField()
    scope = TextField()
    detail = TextField()
    given = IntegerField()
    revokes = IntegerField()
    hash = TextField()

    class Meta:
        """Which table or view it is."""

        table_name = "consents"
