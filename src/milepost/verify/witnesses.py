"""What logs and their witnesses exchange: C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy, all at c2sp.org."""

import base64
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .report import CLOCKS_DIFFER, Broken, Report
from .signatures import is_signed, unbase64
from .time_stamps import clock_of

NOBODY = "none"  # a quorum that asks for no witness
LOG_KEY, COSIGNER = 0x01, 0x04  # types of Ed25519 keys and their signatures (C2SP signed-note)


@dataclass(frozen=True)
class VerifierKey:
    """The key of a log or a witness: its name, its type, and 32 bytes of Ed25519."""

    name: str
    type: int
    public: bytes

    @classmethod
    def parse(cls, text: str, of_type: int) -> "VerifierKey":
        """Read `<name>+<id>+<key>`. Raises `Broken`."""
        name, told, encoded = [*text.strip().split("+", 2), "", ""][:3]
        try:
            content = unbase64(encoded)
        except ValueError:
            content = b""
        key = cls(name, content[0] if content else 0, content[1:])
        if not name or len(key.public) != 32 or key.type != of_type or key.id.hex() != told:
            raise Broken(f"“{text}” is no key of a {'witness' if of_type == COSIGNER else 'log'} (Ed25519).")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.public).decode()}"

    @property
    def id(self) -> bytes:
        """Four bytes that stand before its signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature over the message is the key's (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Policy:
    """Which witnesses must have cosigned: by name, with groups of which so many must, and the rule. Without one: nobody."""

    witnesses: Mapping[str, VerifierKey] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, Sequence[str]]] = field(default_factory=dict)
    quorum: str = NOBODY

    @classmethod
    def of_all(cls, keys: Sequence[str]) -> "Policy":
        """Each of these witnesses, by their keys; without any, nobody. Raises `Broken`."""
        if not keys:
            return cls()
        witnesses = {key: VerifierKey.parse(key, COSIGNER) for key in keys}
        return cls(witnesses, {"all of them": (len(witnesses), tuple(witnesses))}, "all of them")

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy file (C2SP tlog-policy). Raises `Broken`."""
        witnesses, groups, quorum = dict[str, VerifierKey](), dict[str, tuple[int, Sequence[str]]](), ""
        for number, line in enumerate(text.split("\n"), start=1):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            known = {*witnesses, *groups}
            match words:
                case [""] | ["log", _] | ["log", _, _]:  # whose journal it is, --key says
                    continue
                case [word, *_] if word.startswith("#"):
                    continue
                case ["witness", name, key, *address] if name not in {*known, NOBODY} and len(address) < 2:
                    witnesses[name] = VerifierKey.parse(key, COSIGNER)
                    if [witness.public for witness in witnesses.values()].count(witnesses[name].public) > 1:
                        raise Broken(f"Line {number} of the policy names a witness for the second time.")
                case ["group", name, count, *members] if (
                    name not in {*known, NOBODY} and members and known.issuperset(members)
                ):
                    wanted = {"all": str(len(members)), "any": "1"}.get(count, count)
                    taken = [member for _count, others in groups.values() for member in others]
                    if not (re.fullmatch("[1-9][0-9]{0,5}", wanted) and int(wanted) <= len(members)):
                        raise Broken(f"Line {number} of the policy does not say how many of the group.")
                    if len({*members, *taken}) < len(members) + len(taken):
                        raise Broken(f"Line {number} of the policy has somebody in two groups.")
                    groups[name] = int(wanted), members
                case ["quorum", name] if not quorum and name in {*known, NOBODY}:
                    quorum = name
                case _:
                    raise Broken(f"Line {number} of the policy can’t be read: “{line}”.")
        if not quorum:
            raise Broken("The policy has no line “quorum”.")
        return cls(witnesses, groups, quorum)

    def is_met(self, cosigned: Collection[str], name: str = "") -> bool:
        """Whether these witnesses are enough."""
        name = name or self.quorum
        if name in self.groups:
            count, members = self.groups[name]
            return sum(self.is_met(cosigned, member) for member in members) >= count
        return name == NOBODY or name in cosigned


def check_checkpoint(
    content: bytes | None,
    log: dict[str, str] | None,
    head: dict[str, Any],
    keys: Mapping[str, x509.Certificate],
    policy: Policy,
    report: Report,
) -> None:
    """That the checkpoint says what the head says, by a log key that one of `keys` signed; and who cosigned it, and when."""
    if (content is None) != (log is None):
        raise Broken("The head of the journal carries a checkpoint without the key of its log, or the key alone.")
    if content is None or log is None:
        if policy.quorum != NOBODY:
            raise Broken("The head of the journal carries nothing that witnesses could have signed.")
        return
    key, by = VerifierKey.parse(log["vkey"], LOG_KEY), keys.get(log["endorsed_by"])
    if by is None or not is_signed(by, f"milepost-log-key/1:{key}".encode(), unbase64(log["endorsement"])):
        raise Broken("The checkpoint of the journal is signed with a key that is not the organisation’s.")
    text, _blank, lines = content.decode().rpartition("\n\n")
    root = base64.b64encode(bytes.fromhex(head["root"])).decode()
    if f"{text}\n" != f"{key.name}\n{head['size']}\n{root}\n":
        raise Broken("The checkpoint of the journal says something else than its seal.")
    if not lines.endswith("\n"):
        raise Broken("The checkpoint of the journal is not as logs write it.")
    signatures = [_note_signature(line) for line in lines[:-1].split("\n")]
    message = f"{text}\n".encode()
    of_log = [signature for name, mark, signature in signatures if (name, mark) == (key.name, key.id)]
    if not of_log or not all(key.has_signed(message, signature) for signature in of_log):
        raise Broken("The checkpoint of the journal was changed: the signature of its log does not fit it.")
    cosigned = set()
    for told, witness in policy.witnesses.items():
        for name, mark, signature in signatures:
            if (name, mark) == (witness.name, witness.id):
                report.holds.append(
                    f"{name} cosigned the head of the journal: {_cosigned(witness, message, signature, head)}"
                )
                cosigned.add(told)
    if not policy.is_met(cosigned):
        missing = ", ".join(sorted({policy.witnesses[told].name for told in policy.witnesses.keys() - cosigned}))
        raise Broken(f"Not enough witnesses cosigned the head of the journal; missing: {missing}.")
    others = len(signatures) - len(of_log) - len(cosigned)
    if others > 0:
        report.notes.append(f"The head carries {others} signatures of witnesses that nobody asked for: see --witness.")


def _note_signature(line: str) -> tuple[str, bytes, bytes]:
    """Whose a line says that it is, the four bytes that identify the key, and the signature."""
    dash, name, encoded = line.split(" ")
    content = unbase64(encoded)
    if dash != "\u2014":
        raise Broken("The checkpoint of the journal is not as logs write it.")
    return name, content[:4], content[4:]


def _cosigned(witness: VerifierKey, message: bytes, signature: bytes, head: dict[str, Any]) -> str:
    """When the witness cosigned. Raises `Broken` where it did not, and where that was before there was such a head."""
    time, signature = int.from_bytes(signature[:8]), signature[8:]
    if not witness.has_signed(f"cosignature/v1\ntime {time}\n".encode() + message, signature):
        raise Broken(f"The signature of the witness {witness.name} does not fit the head of the journal.")
    dated = datetime.fromtimestamp(time, UTC)
    if dated < datetime.fromisoformat(clock_of(head)) - CLOCKS_DIFFER:
        raise Broken(
            f"The witness {witness.name} cosigned ({dated.isoformat()}) before the journal was sealed ({head['time']})."
        )
    return dated.isoformat()
