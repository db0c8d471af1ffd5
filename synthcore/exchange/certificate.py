"""A certificate for one run of the exchange, for its own host names and for Bybit's."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.venues.bybit.hosts import HOSTS

if TYPE_CHECKING:
    from cryptography import x509

VALID_DAYS = 397
LOCAL = ("localhost", "127.0.0.1", "::1")


class Tls(Struct, frozen=True):
    """What a server needs to speak TLS, and a client to trust it."""

    context: ssl.SSLContext
    ca_file: str


@contextlib.contextmanager
def certified(host: str) -> Iterator[Tls]:
    """Make a certificate; the authority's file is there until the end.

    No private key outlives this: the server's is only read once, the authority's is never written.

    Raises
    ------
    ConfigError
        The library that makes certificates is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "tls must find the package cryptography, which is not installed (setting tls);"
            " install synthtest[tls]"
        ) from error
    with tempfile.TemporaryDirectory(prefix="synthtest-tls-") as folder:
        authority, chain = make_certificate([*LOCAL, host, *bybit_hosts()])
        ca_file = Path(folder, "ca.pem")
        ca_file.write_bytes(authority)
        yield Tls(server_context(Path(folder), chain), str(ca_file))


def bybit_hosts() -> list[str]:
    """All host names that a client of Bybit connects to."""
    urls = [
        url
        for hosts in HOSTS.values()
        for url in (*hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_trade)
    ]
    return [str(urlsplit(url).hostname) for url in urls if url]


def server_context(folder: Path, chain: bytes) -> ssl.SSLContext:
    """Load certificate and key, which OpenSSL takes from a file only, and forget the file."""
    path = folder / "server.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
    finally:
        os.close(descriptor)
        path.unlink()
    context.set_alpn_protocols(["http/1.1"])
    return context


def make_certificate(names: Iterable[str]) -> tuple[bytes, bytes]:
    """An authority of one certificate, and that certificate with its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("synthtest embedded exchange, authority of one run")
    now = datetime.datetime.now(datetime.UTC)
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    of_authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id)

    def builder(name: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))  # a client's clock may be behind
            .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
            .add_extension(of_authority, critical=False)
        )

    authority = (
        builder(authority_name, authority_key.public_key())
        .add_extension(authority_id, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        builder(_name("synthtest embedded exchange"), key.public_key())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key_text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    return authority.public_bytes(pem), certificate.public_bytes(pem) + key_text


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found
