"""What the XDP program asks of a kernel, held against Linux 5.15: its helpers, kinds of maps and
instructions, each with the version that brought it. docs/xdp.md has the reasons."""
import pathlib
import platform
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OLDEST = (5, 15)

# By number, as in enum bpf_func_id of linux/bpf.h.
HELPERS = {
    1: ("map_lookup_elem", (3, 19)), 2: ("map_update_elem", (3, 19)), 5: ("ktime_get_ns", (4, 1)),
    7: ("get_prandom_u32", (4, 1)), 8: ("get_smp_processor_id", (4, 1)),
    25: ("perf_event_output", (4, 8)), 28: ("csum_diff", (4, 6)),
    44: ("xdp_adjust_head", (4, 10)),
    65: ("xdp_adjust_tail", (4, 18)),  # to grow: 5.8
    85: ("sk_lookup_udp", (4, 20)), 86: ("sk_release", (4, 20)), 93: ("spin_lock", (5, 1)),
    94: ("spin_unlock", (5, 1)), 99: ("skc_lookup_tcp", (5, 2)), 118: ("jiffies64", (5, 6)),
    131: ("ringbuf_reserve", (5, 8)), 132: ("ringbuf_submit", (5, 8)),
    160: ("ktime_get_coarse_ns", (5, 11)),
}
MAPS = {"ARRAY": (3, 19), "LRU_HASH": (4, 10), "RINGBUF": (5, 8), "PERF_EVENT_ARRAY": (4, 3)}
ATOMICS = (5, 12)  # compare and exchange, on x86-64; arm64 has it since 5.18


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "hoptell.bpf.o"
    machine = f"/usr/include/{platform.machine()}-linux-gnu"
    build = (ROOT / "src" / "meson.build").read_text(encoding="utf-8")
    processor = re.search(r"'(-mcpu=\w+)'", build)[1]
    subprocess.run(["clang", "-target", "bpf", processor, "-O2", "-g", "-mllvm",
                    "-inline-threshold=100000", "-ffreestanding", "-std=gnu17", f"-I{ROOT}/src",
                    "-isystem", machine, "-c", ROOT / "src" / "bpf" / "hoptell.bpf.c", "-o", path],
                   check=True)
    return path


def test_helpers_are_in_the_oldest_kernel(program):
    shown = subprocess.run(["llvm-objdump", "-d", program], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    called = {int(number) for number in re.findall(r"\bcall (\d+)", shown)}
    assert called == set(HELPERS), "a helper was added or left out: say since when there is one"
    assert all(since <= OLDEST for _, since in HELPERS.values())
    assert "cmpxchg" in shown and ATOMICS <= OLDEST


def test_no_function_of_the_kernel_is_called_by_name(program):
    """Those (kfuncs) come and go with versions."""
    shown = subprocess.run(["llvm-nm", "--undefined-only", program], stdout=subprocess.PIPE,
                           text=True, check=True).stdout
    assert shown == ""


def test_no_type_of_the_kernel_is_relocated():
    """So that no BTF of the kernel is needed."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "bpf").glob("*.h"))
    assert not re.search(r"preserve_access_index|BPF_CORE|vmlinux\.h", sources)


def test_maps_are_in_the_oldest_kernel():
    source = (ROOT / "src" / "bpf" / "maps.h").read_text(encoding="utf-8")
    assert set(re.findall(r"BPF_MAP_TYPE_(\w+)", source)) == set(MAPS)
    assert all(since <= OLDEST for since in MAPS.values())
