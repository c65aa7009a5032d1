"""Decides how the demo's llama.cpp server is set up, and that it never outlives the process that started it.

`python -m zdr_router.cli.demo.serve_model --weights PATH --alias NAME [--port N]` serves one model on
127.0.0.1. Standard output carries exactly one JSON line, `{"base_url": "http://127.0.0.1:PORT/v1"}`, once the
server answers. Everything that llama.cpp logs goes to standard error; for a request that it serves, at its
default verbosity, that is times and token counts and neither the prompt nor the answer. A request that it
refuses as malformed is another matter: the reason that it logs may quote it. The process ends when its
standard input closes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

STDIN, STDOUT, STDERR = 0, 1, 2

SLOTS = 2
"""How many requests one server works on at a time."""

CONTEXT_PER_SLOT = 2048
"""Tokens of prompt and answer together, for each of those requests."""

PROMPT_CACHE_MIB = 64
"""Upper bound of the cache of earlier prompts in host memory; llama.cpp would take 8 GiB."""

NO_ORIGIN = "null"
"""Lets no web page that the operator happens to have open read what this server answers."""

JOIN_CONTENTS = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""The weights are a base model, not tuned for chat: it continues the text that it is given."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to serve and where; port 0 lets the system choose one."""

    weights: Path
    alias: str
    port: int


def main() -> None:
    """Serve until standard input closes."""
    options = _options()
    # What native code prints must not land in the channel that carries the one line.
    announcements = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    server = _serve(options)
    # llama.cpp has put handlers of its own in place that stop its loop and leave the process standing.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    line = json.dumps({"base_url": f"{server.listening_address}/v1"})
    os.write(announcements, f"{line}\n".encode())
    os.close(announcements)
    while os.read(STDIN, 4096):
        pass
    # Nothing here is worth saving, and taking a native server apart can wait on an answer in progress.
    os._exit(0)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m zdr_router.cli.demo.serve_model", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="the GGUF file to serve")
    parser.add_argument("--alias", required=True, help="the name that requests use for the model")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 (the default) picks a free one")
    given = parser.parse_args()
    return Options(weights=given.weights, alias=given.alias, port=given.port)


def _serve(options: Options) -> Any:  # noqa: ANN401  (an extension type that ships without annotations)
    if find_spec("xllamacpp") is None:
        raise SystemExit("the local model server is not installed; pip install 'zdr-router[local]'")
    xllamacpp = import_module("xllamacpp")
    return xllamacpp.Server(_parameters(xllamacpp.CommonParams(), options))


def _parameters(params: Any, options: Options) -> Any:  # noqa: ANN401  (as above)
    params.model.path = str(options.weights)
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.chat_template = JOIN_CONTENTS
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_PER_SLOT
    params.cache_ram_mib = PROMPT_CACHE_MIB
    # The defaults oversubscribe a small machine and are ten times slower there.
    threads = min(2, os.cpu_count() or 1)
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # Routes that show or keep what other requests hold stay shut; so does the way out to model hubs.
    params.endpoint_slots = False
    params.endpoint_props = False
    params.endpoint_metrics = False
    params.slot_save_path = ""
    params.path_prompts_log_dir = ""
    params.ui = False
    params.cors_origins = NO_ORIGIN
    params.offline = True
    return params


if __name__ == "__main__":
    main()
