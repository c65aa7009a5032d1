from __future__ import annotations

import json

import pytest
from tests.conformance.importing.test_openrouter import CLAUDE, LLAMA, TODAY

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry, shipped_directory


@pytest.fixture
def answer(tmp_path):
    def write(*entries):
        path = tmp_path / "list.json"
        path.write_text(json.dumps({"data": list(entries)}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def listed(zdr, answer, tmp_path):
    """Import some entries; gives the result and the file that was written."""

    def run(*entries):
        path = tmp_path / "listed.yaml"
        observed = ("--observed", TODAY)
        return zdr("import", "openrouter", answer(*entries), "-o", path, *observed), path

    return run


def test_the_list_becomes_a_file_that_loads_beside_the_shipped_registry_and_has_no_faults(zdr, listed):
    result, path = listed(LLAMA, CLAUDE)
    assert result.exit_code == Code.DONE
    assert result.stdout.endswith(f"wrote {path}, nothing left out\n")
    registry = Registry.load([shipped_directory(), path])
    assert {"openrouter-listed/deepinfra.fp8", "openrouter/zdr"} <= set(registry.configurations)
    checked = zdr("check", path, "--now", TODAY, "--json")
    assert json.loads(checked.stdout)["errors"] == 0, checked.stdout


def test_the_same_answer_gives_the_same_bytes_again(listed):
    _, path = listed(LLAMA, CLAUDE)
    before = path.read_bytes()
    result, _ = listed(LLAMA, CLAUDE)
    assert (result.exit_code, path.read_bytes()) == (Code.DONE, before)


def test_what_is_left_out_is_listed_and_exits_with_two(listed):
    result, _ = listed(LLAMA, {**CLAUDE, "tier": "safety"})
    assert result.exit_code == 2
    assert "list.json: data[1]: has members that nobody knows: tier\n  next: " in result.stdout


def test_a_claimed_list_clears_nothing_by_itself(zdr, listed, tmp_path):
    listed(LLAMA)
    (tmp_path / "zdr.yaml").write_text(
        f"""\
registry: {{providers: [listed.yaml]}}
policy: {{minimum_grade: documented, cache: host_memory, tolerate: [csam_screening, sampling]}}
accounts: {{gate: {{configuration: openrouter-listed/deepinfra.fp8, api_key: {{env: ZDR_TEST_KEY}}}}}}
routes: {{r: {{targets: [gate/{LLAMA["model_id"]}]}}}}
""",
        encoding="utf-8",
    )
    result = zdr("explain", "r", "-c", tmp_path / "zdr.yaml", env={"ZDR_TEST_KEY": "k"})
    assert result.exit_code == Code.REFUSED
    assert "ZDR401" in result.stdout
    assert "ZDR301" in result.stdout


def test_a_file_of_somebody_elses_is_never_replaced(process, answer, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("# mine\n", encoding="utf-8")
    result = process("import", "openrouter", answer(LLAMA), "-o", path, "--observed", str(TODAY))
    assert result.returncode == Code.USAGE
    assert path.read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize(("args", "code"), [(("--observed", "2999-01-01"), Code.USAGE), ((), Code.CONFIGURATION)])
def test_what_cannot_be_imported_is_said_so(process, tmp_path, args, code):
    result = process("import", "openrouter", "absent.json", "-o", tmp_path / "x.yaml", *args)
    assert result.returncode == code
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "x.yaml").exists()


LITELLM = """\
model_list:
  - model_name: GPT 4o
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}
  - model_name: local
    litellm_params:
      model: hosted_vllm/qwen
      api_base: http://127.0.0.1:8000/v1
      api_key: sk-made-up-7
"""


@pytest.fixture
def litellm(tmp_path):
    path = tmp_path / "litellm.yaml"
    path.write_text(LITELLM, encoding="utf-8")
    return path


def test_a_litellm_configuration_becomes_a_file_that_loads_and_whose_check_says_what_is_missing(zdr, litellm, tmp_path):
    written = tmp_path / "zdr.yaml"
    result = zdr("import", "litellm", litellm, "-o", written)
    assert result.exit_code == 2
    assert f"left out: {litellm}:8: a literal key stands in the file" in result.stdout
    assert "sk-made-up-7" not in result.stdout + written.read_text(encoding="utf-8")
    checked = json.loads(zdr("check", "-c", written, "--json").stdout)
    missing = {finding["subject"] for finding in checked["findings"] if finding["id"] == "ZDR920"}
    assert missing == {"account openai-zdr", "account vllm-self-operated"}
    assert not any(finding["id"] == "ZDR900" for finding in checked["findings"])


def test_an_operators_file_is_never_replaced(process, litellm, tmp_path):
    written = tmp_path / "zdr.yaml"
    assert process("import", "litellm", litellm, "-o", written).returncode == 2
    before = written.read_bytes()
    again = process("import", "litellm", litellm, "-o", written)
    assert again.returncode == Code.USAGE
    assert "there is a file already" in again.stderr
    assert written.read_bytes() == before


def test_a_server_is_named_with_a_self_operated_configuration(zdr, litellm, tmp_path):
    for given in ("127.0.0.1:8000", "127.0.0.1:8000=groq/zdr", "http://127.0.0.1=vllm/self-operated"):
        result = zdr("import", "litellm", litellm, "-o", tmp_path / "x.yaml", "--server", given)
        assert result.exit_code == Code.USAGE
    named = ("--server", "127.0.0.1:8000=llama-cpp/self-operated", "--json")
    document = json.loads(zdr("import", "litellm", litellm, "-o", tmp_path / "y.yaml", *named).stdout)
    assert "llama-cpp/self-operated" in (tmp_path / "y.yaml").read_text(encoding="utf-8")
    assert {"file", "left_out", "notes"} == set(document)
