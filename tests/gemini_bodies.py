"""A Gemini request with everything in it, and one made of given fields."""

from __future__ import annotations

import json
from typing import Any

from proxy.model import (
    Origin,
    Protocol,
    Request,
)
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.gemini.client.request import read_request

ORIGIN = Origin(Protocol.GEMINI)
TARGET = Target(
    Protocol.GEMINI, "gemini", "gemini-2.5-pro", VENDOR_DIALECTS[Protocol.GEMINI]
)
PIXEL = {"mimeType": "image/png", "data": "AAAA"}
BODY: dict[str, Any] = {
    "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Look"}, {"inlineData": PIXEL}]},
        {
            "role": "model",
            "parts": [
                {"text": "Which?", "thought": True},
                {
                    "functionCall": {"name": "ls", "args": {"a_path": "x"}},
                    "thoughtSignature": "c2ln",
                },
                {"functionCall": {"id": "own", "name": "ls", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "own",
                        "name": "ls",
                        "response": {"error": "no such folder"},
                    }
                },
                {
                    "functionResponse": {
                        "name": "ls",
                        "response": {"output": "a.py"},
                        "parts": [{"inlineData": PIXEL}],
                    }
                },
            ],
        },
    ],
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "ls",
                    "description": "Lists",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"a_path": {"type": "STRING", "nullable": True}},
                    },
                }
            ]
        },
        {"googleSearch": {}},
    ],
    "toolConfig": {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["ls", "cd"]},
        "retrievalConfig": {"languageCode": "en"},
    },
    "generationConfig": {
        "maxOutputTokens": 100,
        "stopSequences": ["END"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64.0,
        "seed": 7,
        "candidateCount": 1,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
    },
    "safetySettings": [],
    "cachedContent": "cachedContents/x",
    "labels": {"team": "a"},
}


def read(**fields: Any) -> Request:
    return read_request(json.dumps({"contents": [], **fields}).encode())
