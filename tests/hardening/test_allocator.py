import os
import subprocess
import sys

from zdr_router.hardening.allocator import TUNABLES, scrubs, with_scrubbing

ASK = "from zdr_router.hardening.allocator import scrubs; print(scrubs())"


def told(environ):
    ran = subprocess.run([sys.executable, "-c", ASK], env=environ, capture_output=True, text=True, check=True)
    return ran.stdout.strip() == "True"


def test_a_process_with_these_settings_overwrites_what_it_frees():
    assert told(with_scrubbing(os.environ))


def test_a_process_without_any_one_of_them_does_not():
    whole = with_scrubbing(os.environ)
    assert not scrubs()
    for name in ("PYTHONMALLOC", "MALLOC_PERTURB_", TUNABLES):
        assert not told({key: value for key, value in whole.items() if key != name}), name


def test_other_tunables_stay_as_they_are():
    given = {
        "HOME": "/",
        TUNABLES: "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=7:glibc.malloc.trim_threshold=1",
    }
    made = with_scrubbing(given)
    assert made[TUNABLES].split(":") == [
        "glibc.malloc.arena_max=1",
        "glibc.malloc.trim_threshold=1",
        "glibc.malloc.mmap_threshold=33554432",
        "glibc.malloc.tcache_count=0",
    ]
    assert made["HOME"] == "/"
    assert given[TUNABLES].count("tcache_count=7") == 1
