"""A host that speaks just enough MCP to be asked, sends nothing to anybody, and on demand keeps or quotes what it read.

`LEAK` names how. It runs over stdio (`python careless_mcp.py`), at a port (`python careless_mcp.py PORT`), and as an
ASGI application (`application()`).
"""

from __future__ import annotations

import json
import logging
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def said(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def leaked(read: str) -> str:
    """Leak what was read; what to say of it in an answer."""
    match os.environ.get("LEAK", ""):
        case "stdout":
            said(read)
        case "stderr":
            os.write(2, read.encode())
        case "file":
            with Path("asked.json").open("a", encoding="utf-8") as file:
                file.write(read)
        case "log":
            logging.getLogger("careless").debug("asked for %s", read)
        case "progress":
            told = {"progressToken": json.loads(read)["params"]["_meta"]["progressToken"], "progress": 1}
            said(
                json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": {**told, "message": read}})
            )
        case "answer":
            return read
    return "something is wrong with that"


def answered(line: str, key: str = "") -> str:
    """What is answered to a message, "" where it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        message = {}
    if message.get("method") in {"initialize", "ping", "notifications/initialized", "notifications/cancelled"}:
        return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}}) if "id" in message else ""
    text = leaked(key + line)
    result = {"content": [{"type": "text", "text": text}], "isError": True}
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) if "id" in message else ""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        line = self.rfile.read(int(self.headers["content-length"])).decode()
        body = answered(line, self.headers.get("authorization", "")).encode()
        self.send_response(200 if body else 202)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def application():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        body = answered((await receive())["body"].decode()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    if len(sys.argv) > 1:
        HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
    for each in sys.stdin:
        if told := answered(each):
            said(told)
