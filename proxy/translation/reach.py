"""What a request has to cross: its protocol, the target's, and the dialect's flags."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.model import Base64, Document, FileId, Image, Protocol, Text, Url
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect


@dataclass(frozen=True, slots=True)
class Reach:
    """From the client's protocol `source` to `protocol` as `dialect` takes it.

    `foreign` tells that what the conversation bears in plain proofs and sealed items
    was made by another provider than the target.
    """

    source: Protocol
    protocol: Protocol
    dialect: Dialect
    foreign: bool = False

    @property
    def same(self) -> bool:
        """Whether client and provider speak alike, so that everything has its place."""
        return self.source is self.protocol

    def takes_image(self, image: Image) -> bool:
        """Whether this picture can go there."""
        return self._has("images") and self._takes(image.source)

    def takes_document(self, document: Document) -> bool:
        """Whether this file can go there as a file."""
        source = document.source
        if isinstance(source, Text | tuple):
            if self.same:
                return self._has("documents")
            whole = isinstance(source, tuple) or self.dialect.documents
            return whole and self.protocol is Protocol.MESSAGES
        if isinstance(source, Url) and self.protocol is Protocol.CHAT:
            # Its files are bytes or ids; only pictures have addresses there.
            return False
        return self._has("documents") and self._takes(source)

    def _has(self, flag: str) -> bool:
        """Whether the target has a thing; at home all that the vendor's client sends.

        There a flag says nothing but where a server deviates from the vendor.
        """
        has = bool(getattr(self.dialect, flag))
        return has or (self.same and not getattr(VENDOR_DIALECTS[self.protocol], flag))

    def _takes(self, source: Base64 | Url | FileId) -> bool:
        match source:
            case Base64():
                return True
            case Url():
                return self._has("image_urls")
            case FileId():
                # A file lies with the provider it was given to.
                return self.same and self._has("file_ids")
