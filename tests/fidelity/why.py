"""The reasons on the page: why cells are refused, and why some cannot be; values."""

from __future__ import annotations

REFUSALS = {
    "forced_tool": "The request forces a call, which cannot be forced here",
    "forced_server_tool": "The request forces a tool that only its own provider runs",
    "image": "The newest turn shows an image that cannot be sent there",
    "document": "The newest turn holds a file that cannot be sent there",
    "compact": "what was asked for exists in the client's protocol only",
    "compaction": "The conversation holds a compaction that only its own provider",
}
"""By name: words of the sentence that the gateway answers with."""

WHY_REFUSED = {
    "forced_tool": "Ollama's API has no word that forces a call, and an answer without "
    "one would break what the client does next.",
    "forced_server_tool": "A search or another tool of the client's own vendor is run "
    "by that vendor. No other provider can be made to run it.",
    "image": "Ollama's API takes pictures as bytes, never by address, and Turnout "
    "fetches no addresses. An earlier picture is left out with a note instead.",
    "document": "Ollama's API takes no files. One whose content is text goes as text.",
    "compact": "What `/v1/responses/compact` gives can be read by its maker only.",
    "compaction": "The compacted part of the conversation is encrypted for its maker. "
    "Without it the answer would be about something else.",
}
"""By name: the reason, for people."""

NOT_APPLICABLE = {
    "at_home": "The provider is the maker itself: there is nothing to keep from it.",
    "calls_last": "The provider's protocol cannot say text behind a call.",
    "counts_last": "The provider tells its counts in its last event only.",
    "four_stops": "The client's protocol takes at most four stop sequences.",
    "kept_by_provider": "On the native lane the provider keeps the answer.",
    "native_lane": "The native lane mends and changes nothing: what is odd goes to the "
    "vendor as it is, and the vendor's word comes back as it is.",
    "no_adaptive": "The client's protocol cannot leave the measure to the model.",
    "no_allowed_tools": "The client's protocol cannot choose among some tools.",
    "no_attribution": "Only Claude Code sends an attribution line.",
    "no_budgets": "The client's protocol has levels of thinking, no budgets.",
    "no_cache_key": "The client's protocol has no cache key.",
    "no_cache_marks": "The client's protocol has no cache marks of this kind.",
    "no_call_proofs": "Only Gemini signs calls.",
    "no_compaction": "The client's protocol has no compaction.",
    "no_context_edits": "The client's protocol has no wish to edit the context.",
    "no_counting": "The client's protocol has no endpoint that counts.",
    "no_early_count": "Only Messages tells a count before the first word.",
    "no_error_mark": "The client's protocol cannot mark a result as failed.",
    "no_fallbacks": "The client's protocol has no field for fallbacks.",
    "no_free_tools": "The client's protocol has no tools called with free text.",
    "no_later_system": "The client's protocol has instructions at the head only.",
    "no_namespaces": "The client's protocol has no groups of tools.",
    "no_own_steps": "The client's protocol shows no steps of the vendor's tools.",
    "no_own_tools": "The client's protocol has no shell tool of its own.",
    "no_parallel_switch": "The client's protocol cannot forbid parallel calls.",
    "no_pauses": "The provider's protocol knows no pauses.",
    "no_proofs": "The provider gives no proof of reasoning that it could refuse.",
    "no_redaction": "The provider's protocol has no hidden reasoning of this kind.",
    "no_refusal_reason": "The provider's protocol does not tell why it declined.",
    "no_refusals": "The provider's protocol has no word for a refusal.",
    "no_sources": "The provider's protocol has no sources, or not in this form.",
    "no_stops": "The client's protocol has no stop sequences.",
    "no_strict": "The client's protocol cannot bind tools strictly.",
    "no_such_level": "The client's API takes no such level.",
    "no_text_files": "The client's protocol gives no text as a file.",
    "no_websocket": "Only clients of Responses ask for a WebSocket.",
    "no_word_told": "The provider's protocol does not tell which word stopped.",
    "not_forcible": "The client's protocol cannot force a tool of its vendor.",
    "objects_only": "Arguments are an object in this protocol, never broken text.",
    "one_line": "A line of JSON has no second line.",
    "stateless": "The client's protocol keeps nothing between requests.",
    "text_results": "Results hold text only in the client's protocol.",
    "thoughts_uncounted": "The provider does not count reasoning apart.",
    "writes_uncounted": "The provider does not count what it writes to its cache.",
    "writes_untold": "The client's protocol has no count of cache writes.",
}
"""Why a cell cannot be, by the word it is left with."""

ALIASES = {
    "client tool name collision": "13_tool_names",
    "delta usage presence": "usage",
    "empty tool result": "empty_tool_result",
    "is_error": "10_is_error",
    "orphan tool result": "11_orphan_result",
    "param-less tool": "14_no_parameters",
    "redacted thinking envelope": "redacted_envelope",
    "server-side fallback": "server_side_fallback",
    "stop reason tool_use": "stop_reason_tool_use",
    "stream fail billing": "stream_fail_billing",
    "stream truncation": "stream_truncation",
    "system flatten": "system_flatten",
    "tool choice restrictions": "16_choice_some",
    "type-less tool schema": "14_no_types",
}
"""Well-known failures of gateways, and the case that looks for each."""
