"""The command line: `python -m benchmarks.gateway`."""
from __future__ import annotations
import json, os, sys, tempfile
from contextlib import ExitStack
from pathlib import Path
from benchmarks.gateway.rounds import figures, take_turns
from benchmarks.gateway.servers import BARE, OURS, server
from benchmarks.gateway.wrk import Wrk
from benchmarks.loads import LOADS
from benchmarks.measure import cores
from benchmarks.server import MockServer

names = sys.argv[1].split(",") if len(sys.argv) > 1 else [BARE, OURS]
where = cores()
with ExitStack() as stack:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if where.server is not None:
        os.sched_setaffinity(0, {where.server})
    mock = stack.enter_context(MockServer(where.server))
    servers = {name: server(name, folder, f"http://127.0.0.1:{mock.port}/v1", where.clients) for name in names}
    for each in servers.values():
        stack.enter_context(each.running)
    print(json.dumps(figures(take_turns(servers, LOADS["chat_c32"], Wrk(folder), 3, 1.0)), indent=1))
