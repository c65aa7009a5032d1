"""Certificates that sign themselves, for servers on loopback."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from here import lacking

if TYPE_CHECKING:
    from pathlib import Path

_REQUEST = """\
[req]
distinguished_name=dn
x509_extensions=ext
prompt=no
[dn]
CN=test
[ext]
subjectAltName=IP:127.0.0.1
basicConstraints=critical,CA:TRUE
"""


@dataclass(frozen=True)
class Certificate:
    """One for 127.0.0.1: the file to trust (`ca_file`), and what a server needs to show it."""

    path: str
    context: ssl.SSLContext


def self_signed(folder: Path, *, days: int = 2) -> Certificate:
    """Make one in an empty folder. With days before 0 it has expired."""
    certificate, key, asked = folder / "ca.pem", folder / "key.pem", folder / "asked.pem"
    config = folder / "openssl.cnf"
    config.write_text(_REQUEST)
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", config, "-keyout", key, "-out", asked)
    signed = ("x509", "-req", "-in", asked, "-signkey", key, "-days", str(days), "-out", certificate)
    openssl(*signed, "-extfile", config, "-extensions", "ext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Certificate(str(certificate), context)


def openssl(*arguments: str | Path) -> str:
    """What the command says."""
    command = shutil.which("openssl")
    if command is None:
        lacking("openssl, which makes certificates, is not here", "install it")
    return subprocess.run([command, *arguments], check=True, capture_output=True, text=True).stdout
