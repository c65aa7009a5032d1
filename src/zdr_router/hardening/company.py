"""Who else sits in a process, or is about to: agents that record calls, debuggers, switches that print content."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MODULES: Final = (
    *("ddtrace", "newrelic", "elasticapm", "sentry_sdk", "scout_apm", "appdynamics", "instana", "dynatrace"),
    *("opentelemetry.instrumentation.auto_instrumentation", "logfire", "rollbar", "bugsnag", "honeybadger"),
    *("debugpy", "pydevd", "memray", "viztracer", "pyinstrument", "manhole"),
)
"""What sees arguments, locals or memory of the code that it is loaded beside."""

PROGRAMS: Final = frozenset(
    {
        *("ddtrace-run", "newrelic-admin", "elasticapm-run", "opentelemetry-instrument", "scout-apm", "pyagent"),
        *("strace", "ltrace", "gdb", "py-spy", "memray", "viztracer", "debugpy", "pyinstrument", "script"),
    }
)
"""Commands that start another one in order to watch it."""

VARIABLES: Final = (
    *("LD_PRELOAD", "LD_AUDIT", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONDEVMODE"),
    *("PYTHONASYNCIODEBUG", "PYTHONDUMPREFS", "PYTHON_PERF_JIT_SUPPORT", "MALLOC_TRACE", "SSLKEYLOGFILE"),
    *("SENTRY_DSN", "NEW_RELIC_CONFIG_FILE", "NEW_RELIC_LICENSE_KEY", "ELASTIC_APM_SERVER_URL", "DD_TRACE_AGENT_URL"),
    *("DD_AGENT_HOST", "OTEL_PYTHON_CONFIGURATOR", "OTEL_PYTHON_DISTRO"),
    *("OPENAI_LOG", "LITELLM_LOG", "LITELLM_DEBUG", "HTTPX_LOG_LEVEL", "GRPC_TRACE"),
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
)
"""What loads foreign code into a process, switches on something that records, or makes a library print what it sends.

Only that one is set is said, never to what.
"""

_HOOKS: Final = ("sitecustomize", "usercustomize")


class Stranger(NamedTuple):
    """Somebody who is not wanted: the `name` under which it may be allowed, and how it was noticed."""

    name: str
    seen: str


def about_to_come(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Stranger]:
    """Who would be in the process that `command` starts."""
    for word in command[:3]:
        name = Path(word).name
        if name in PROGRAMS:
            yield Stranger(name, f"the command runs under {name}")
    for name in VARIABLES:
        if environ.get(name):
            yield Stranger(name, f"the environment variable {name} is set")
    for folder in filter(None, environ.get("PYTHONPATH", "").split(os.pathsep)):
        for hook in _HOOKS:
            if any((Path(folder) / f"{hook}{ending}").exists() for ending in (".py", "")):
                yield Stranger(hook, f"PYTHONPATH has a {hook} in {folder}, which Python runs at its start")


def here(loaded: Mapping[str, object]) -> Iterator[Stranger]:
    """Who is in this process; `loaded` are its modules."""
    for name in MODULES:
        if name in loaded:
            yield Stranger(name, f"the module {name} is loaded")
    for name, is_set in (("trace", sys.gettrace()), ("profile", sys.getprofile())):
        if is_set is not None:
            yield Stranger(name, f"a function looks at every call (sys.set{name})")
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    if monitoring is not None and any(monitoring.get_tool(number) for number in range(6)):
        yield Stranger("monitoring", "a tool looks at what is run (sys.monitoring)")
