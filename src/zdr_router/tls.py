"""Whom a connection trusts: one named file of certificates, whatever the environment says.

`ssl.create_default_context()` obeys SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE, so it is not used.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import certifi

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


def client_context(ca_file: str | None, *, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Verify certificate and host name against `ca_file`, or against certifi's bundle; offer the protocols `alpn`.

    Raises `ConfigError` when the file cannot be read or holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    fault = _load(context, ca_file or certifi.where())
    if fault:
        raise ConfigError(
            Problem(
                f"no trusted certificates can be read from it ({fault})",
                file=ca_file or certifi.where(),
                fix="name a readable file of PEM certificates, or leave ca_file out to trust certifi's",
            )
        )
    return context


def _load(context: ssl.SSLContext, path: str) -> str:
    """Why the file cannot be loaded, or nothing."""
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return "not PEM certificates"
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
