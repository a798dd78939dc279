"""The outcome each cell must have, where that is no plain pass; read before changed.

A case of `fidelity.cases` by name; a pattern of `client>provider` to its outcome. The
last pattern that matches counts, and `=` stands for all native cells. A cell that
behaves otherwise fails, also where it got better.
"""

from __future__ import annotations

EXPECTED: dict[str, dict[str, str]] = {
    "27_max_tokens_clamped": {
        "*>*": "loss max_tokens_clamped",
        "=": "n/a native_lane",
    },
    "stop_sequences": {
        "responses>*": "n/a no_stops",
    },
    "stop_sequences_many": {
        "responses>*": "n/a no_stops",
        "chat>*": "n/a four_stops",
    },
    "stop_sequence_told": {
        "*>*": "loss stop_sequence",
        "*>chat": "n/a no_word_told",
        "*>gemini": "n/a no_word_told",
        "*>ollama": "n/a no_word_told",
        "=": "n/a no_word_told",
        "messages>messages": "pass",
        "messages>responses": "pass",
        "responses>messages": "n/a no_stops",
        "responses>responses": "n/a no_stops",
    },
    "28_temperature_refused": {
        "*>*": "loss sampling",
        "=": "n/a native_lane",
    },
    "08_broken_arguments": {
        "*>*": "loss broken_arguments",
        "*>gemini": "n/a objects_only",
        "*>ollama": "n/a objects_only",
        "=": "n/a native_lane",
        "responses>messages": "pass",
        "responses>chat": "pass",
        "chat>messages": "pass",
        "chat>responses": "pass",
    },
    "08_broken_history": {
        "*>*": "loss broken_arguments",
        "messages>*": "n/a objects_only",
        "gemini>*": "n/a objects_only",
        "=": "n/a objects_only",
        "responses>responses": "pass",
        "chat>chat": "pass",
    },
    "09_text_behind_call": {
        "*>chat": "n/a calls_last",
        "*>ollama": "n/a calls_last",
        "chat>messages": "loss part_order",
        "chat>responses": "loss part_order",
        "chat>gemini": "loss part_order",
    },
    "14_no_types": {
        "=": "n/a native_lane",
    },
    "15_strict": {
        "*>gemini": "loss strict_tools",
        "*>ollama": "loss strict_tools",
        "gemini>*": "n/a no_strict",
    },
    "15_strict_loose": {
        "*>*": "loss strict_tools",
        "gemini>*": "n/a no_strict",
        "=": "n/a native_lane",
        "responses>messages": "pass",
        "chat>messages": "pass",
    },
    "16_choice_any": {
        "*>ollama": "refused forced_tool",
    },
    "16_choice_tool": {
        "*>ollama": "refused forced_tool",
    },
    "16_choice_some": {
        "messages>*": "n/a no_allowed_tools",
    },
    "no_parallel_calls": {
        "*>gemini": "loss parallel_tools",
        "*>ollama": "loss parallel_tools",
        "gemini>*": "n/a no_parallel_switch",
    },
    "stop_reason_tool_use": {
        "=": "n/a native_lane",
    },
    "29_free_text_tools": {
        "*>*": "loss tool_grammar",
        "messages>*": "n/a no_free_tools",
        "gemini>*": "n/a no_free_tools",
        "=": "n/a no_free_tools",
        "responses>responses": "pass",
        "responses>chat": "pass",
        "chat>responses": "pass",
        "chat>chat": "pass",
    },
    "29_namespaces": {
        "*>*": "n/a no_namespaces",
        "responses>*": "pass",
    },
    "29_local_shell": {
        "*>*": "n/a no_own_tools",
        "responses>*": "pass",
        "=": "n/a no_own_tools",
        "responses>responses": "n/a native_lane",
    },
    "17_server_tool_offered": {
        "*>*": "loss server_tool_offered",
        "chat>*": "loss web_search_options",
        "=": "pass",
    },
    "17_server_tool_forced": {
        "*>*": "refused forced_server_tool",
        "=": "pass",
        "chat>*": "n/a not_forcible",
        "gemini>*": "n/a not_forcible",
    },
    "17_server_tool_used": {
        "*>*": "loss server_part_as_text",
        "=": "pass",
        "chat>*": "n/a no_own_steps",
    },
    "10_result_image": {
        "chat>*": "n/a text_results",
    },
    "10_result_only_image": {
        "chat>*": "n/a text_results",
    },
    "10_result_file": {
        "*>ollama": "refused document",
        "chat>*": "n/a text_results",
    },
    "10_is_error": {
        "responses>*": "n/a no_error_mark",
        "chat>*": "n/a no_error_mark",
    },
    "11_orphan_result": {
        "*>*": "loss orphan_result",
        "=": "n/a native_lane",
    },
    "11_missing_result": {
        "=": "n/a native_lane",
    },
    "01_proof_comes_back": {
        "*>chat": "n/a no_proofs",
        "*>ollama": "n/a no_proofs",
    },
    "01_proof_moves_not": {
        "*>messages": "n/a at_home",
    },
    "01_refused_proof": {
        "*>chat": "n/a no_proofs",
        "*>gemini": "n/a no_proofs",
        "*>ollama": "n/a no_proofs",
        "=": "n/a native_lane",
    },
    "02_no_made_up_proof": {
        "=": "n/a native_lane",
    },
    "03_redacted_thinking": {
        "*>*": "n/a no_redaction",
        "*>messages": "pass",
    },
    "redacted_envelope": {
        "*>messages": "n/a at_home",
    },
    "04_sealed_items": {
        "*>responses": "n/a at_home",
    },
    "45_call_signatures": {
        "*>*": "n/a no_call_proofs",
        "*>gemini": "pass",
    },
    "26_effort_highest": {
        "*>ollama": "loss effort_mapped",
        "gemini>*": "n/a no_such_level",
    },
    "26_budget": {
        "*>*": "loss effort_mapped",
        "=": "pass",
        "responses>*": "n/a no_budgets",
        "chat>*": "n/a no_budgets",
    },
    "26_thinking_off": {
        "*>gemini": "loss effort_mapped",
        "=": "pass",
    },
    "26_thinking_adaptive": {
        "responses>*": "n/a no_adaptive",
        "chat>*": "n/a no_adaptive",
    },
    "25_form_and_tools": {
        "*>ollama": "loss output_format",
    },
    "thinking_counted": {
        "*>ollama": "n/a thoughts_uncounted",
    },
    "22_attribution": {
        "*>*": "n/a no_attribution",
        "messages>*": "pass",
    },
    "23_later_system": {
        "*>gemini": "loss system_as_user",
        "gemini>*": "n/a no_later_system",
    },
    "24_prefill": {
        "*>messages": "loss prefill",
        "=": "n/a native_lane",
    },
    "first_turn": {
        "*>messages": "loss first_turn",
        "*>gemini": "loss first_turn",
        "=": "n/a native_lane",
    },
    "image_by_address": {
        "*>ollama": "refused image",
    },
    "image_earlier": {
        "*>ollama": "loss image_left_out",
    },
    "file": {
        "*>ollama": "refused document",
    },
    "file_of_text": {
        "*>*": "n/a no_text_files",
        "messages>*": "pass",
    },
    "18_citations": {
        "*>ollama": "n/a no_sources",
        "messages>responses": "loss citation",
        "messages>chat": "loss citation",
        "messages>gemini": "loss citation",
    },
    "18_citations_streamed": {
        "*>chat": "n/a no_sources",
        "*>ollama": "n/a no_sources",
        "messages>responses": "loss citation",
        "messages>gemini": "loss citation",
        "chat>messages": "loss citation",
        "chat>responses": "loss citation",
        "chat>gemini": "loss citation",
    },
    "19_refusal": {
        "*>ollama": "n/a no_refusals",
    },
    "19_refusal_reason": {
        "*>*": "n/a no_refusal_reason",
        "=": "n/a no_refusal_reason",
        "messages>messages": "pass",
        "responses>messages": "loss stop_detail",
        "chat>messages": "loss stop_detail",
        "gemini>messages": "pass",
    },
    "20_pause_turn": {
        "*>*": "n/a no_pauses",
        "*>messages": "loss provider_part",
        "=": "n/a no_pauses",
        "messages>messages": "pass",
    },
    "21_cache_marks": {
        "*>*": "n/a no_cache_marks",
        "messages>*": "loss cache_marks",
        "=": "n/a no_cache_marks",
        "messages>messages": "pass",
    },
    "21_cache_key": {
        "messages>*": "n/a no_cache_key",
        "gemini>*": "n/a no_cache_key",
        "responses>messages": "loss cache_fields",
        "responses>gemini": "loss cache_fields",
        "responses>ollama": "loss cache_fields",
        "chat>messages": "loss cache_fields",
        "chat>gemini": "loss cache_fields",
        "chat>ollama": "loss cache_fields",
    },
    "unknown_field": {
        "*>*": "loss field",
        "=": "n/a native_lane",
    },
    "stream_fail_billing": {
        "*>responses": "n/a counts_last",
        "*>chat": "n/a counts_last",
        "*>ollama": "n/a counts_last",
    },
    "stream_truncation": {
        "=": "n/a native_lane",
    },
    "broken_event": {
        "=": "n/a native_lane",
    },
    "38_two_starts": {
        "=": "n/a native_lane",
    },
    "wrong_index": {
        "=": "n/a native_lane",
    },
    "two_ends": {
        "=": "n/a native_lane",
    },
    "wrong_type": {
        "=": "n/a native_lane",
    },
    "json_for_stream": {
        "=": "n/a native_lane",
    },
    "unknown_events": {
        "=": "n/a native_lane",
    },
    "42_line_ends": {
        "=": "n/a native_lane",
    },
    "42_many_lines": {
        "*>ollama": "n/a one_line",
        "=": "n/a native_lane",
    },
    "39_ping": {
        "=": "n/a native_lane",
    },
    "34_websocket": {
        "*>*": "n/a no_websocket",
        "responses>*": "pass",
    },
    "usage_cache_writes": {
        "*>gemini": "n/a writes_uncounted",
        "*>ollama": "n/a writes_uncounted",
        "gemini>messages": "n/a writes_untold",
        "gemini>responses": "n/a writes_untold",
        "gemini>chat": "n/a writes_untold",
    },
    "35_early_usage": {
        "*>*": "n/a no_early_count",
        "messages>*": "pass",
    },
    "36_no_usage": {
        "=": "n/a native_lane",
    },
    "43_count_tokens": {
        "chat>*": "n/a no_counting",
    },
    "30_previous_response": {
        "*>*": "n/a stateless",
        "responses>*": "pass",
        "=": "n/a stateless",
        "responses>responses": "n/a kept_by_provider",
    },
    "30_item_reference": {
        "*>*": "n/a stateless",
        "responses>*": "pass",
        "=": "n/a stateless",
        "responses>responses": "n/a kept_by_provider",
    },
    "31_not_stored": {
        "*>*": "n/a stateless",
        "responses>*": "pass",
        "=": "n/a stateless",
        "responses>responses": "n/a kept_by_provider",
    },
    "32_compact": {
        "*>*": "n/a no_compaction",
        "responses>*": "refused compact",
        "=": "n/a no_compaction",
        "responses>responses": "pass",
    },
    "32_compaction": {
        "*>*": "n/a no_compaction",
        "messages>*": "loss server_part_as_text",
        "responses>*": "refused compaction",
        "=": "pass",
        "chat>chat": "n/a no_compaction",
        "gemini>gemini": "n/a no_compaction",
    },
    "33_context_edits": {
        "*>*": "loss context_management",
        "=": "pass",
        "chat>*": "n/a no_context_edits",
        "gemini>*": "n/a no_context_edits",
    },
    "44_fallbacks": {
        "*>*": "n/a no_fallbacks",
        "messages>*": "loss fallbacks",
        "=": "n/a no_fallbacks",
        "messages>messages": "pass",
    },
}
