"""A certificate authority, servers under it and a CONNECT proxy, all on loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A company's own authority; `file` is its certificate in PEM form."""

    def __init__(self, folder: Path, name: str = "Example Company Root") -> None:
        """Make a key and a certificate in `folder`."""
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = datetime.now(UTC)
        self._made = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 9 * DAY)
            .not_valid_after(now + 9 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "company-ca.pem"
        self.file.write_bytes(self._made.public_bytes(serialization.Encoding.PEM))

    def server(
        self, name: str, *, begins: timedelta = -DAY, ends: timedelta = DAY
    ) -> ssl.SSLContext:
        """Return the context of a server that shows a certificate for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        try:
            other: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            other = x509.DNSName(name)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.SubjectAlternativeName([other]), False)
            .sign(self._key, hashes.SHA256())
        )
        both = self.folder / f"{name.replace(':', '_')}.pem"
        both.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context


@asynccontextmanager
async def secure_server(context: ssl.SSLContext, answer: bytes) -> AsyncIterator[int]:
    """Serve `answer` to every request over TLS; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class ConnectProxy:
    """A web proxy that opens ways to `port` on loopback whatever host was named.

    `heads` are the requests it saw; `status` other than 200 refuses.
    """

    port: int
    status: str = "200 Connection established"
    heads: list[str] = field(default_factory=list)
    own_port: int = 0

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.own_port}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[ConnectProxy]:
        """Listen while the block runs."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.own_port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        await writer.drain()
        if not self.status.startswith("200"):
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await asyncio.gather(_pass_on(reader, outer), _pass_on(inner, writer))
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
