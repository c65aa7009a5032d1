"""What the gateway logs of requests: the same closed fields as the record, and never what a caller wrote."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zdr_router.hosts.gateway.exchange import Exchange

log = logging.getLogger("zdr_router")


def answered(exchange: Exchange, status: int, milliseconds: float) -> None:
    """One line for each request, whatever became of it: no path, no query, no address."""
    if not log.isEnabledFor(logging.INFO):
        return
    metadata = exchange.metadata
    id_ = exchange.request_id or ("none" if metadata is None else metadata.request_id)
    log.info(
        "answered id=%s operation=%s status=%d error=%s route=%s target=%s key=%s ms=%.1f",
        id_,
        exchange.operation,
        status,
        "none" if metadata is None else metadata.error_code or "none",
        "none" if metadata is None else metadata.route,
        "none" if metadata is None else metadata.target or "none",
        exchange.admission.key or "none",
        milliseconds,
    )


def failed(error: Exception) -> None:
    """Say of which kind it is, and where: its text and its traceback may hold content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "unknown" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    log.error("a request failed by a fault of this library error=%s place=%s", type(error).__name__, place)
