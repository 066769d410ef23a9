"""Real files, damaged at random: what hypothesis gives each parser, a few in every run, many with `make thorough`."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.thorough import IS_THOROUGH

# A database that is the same for all examples is meant here.
bounded = settings(
    max_examples=1_500 if IS_THOROUGH else 12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WORDS = [b"\x00", b"\xff" * 8, b"0" * 20, b"-1", b"9" * 400, b"<<", b">>", b"[" * 200, b"obj", b"R", b"/Prev 9", b'"', b"<", b"]]>", b"\n---\n", b"|", b"*" * 50]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """The file with up to six places changed: bytes turned, cut out, doubled, or words put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        until = min(len(content), at + draw(st.sampled_from([1, 4, 30, 400, 4_000])))
        match draw(st.sampled_from(["turn", "cut", "double", "move", "word"])):
            case "turn":
                content[at:until] = bytes(byte ^ draw(st.integers(1, 255)) for byte in content[at : min(until, at + 4)])
            case "cut":
                del content[at:until]
            case "double":
                content[at:at] = content[at:until]
            case "move":
                part = content[at:until]
                del content[at:until]
                content[(to := draw(st.integers(0, len(content)))) : to] = part
            case "word":
                content[at:at] = draw(st.sampled_from(WORDS))
    return bytes(content)
