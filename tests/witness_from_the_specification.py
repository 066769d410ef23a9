"""A witness of transparency logs, written from C2SP tlog-witness 1.0 and knowing nothing of Milepost: `python FILE NAME LOG_KEY...`

It listens on a free port of this machine, prints that and its own key, and keeps what it saw in memory. With `MOOD` in a
request to /mood/MOOD it becomes a witness that is no good: see `Moods`.
"""

import base64
import hashlib
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MOODS = ("good", "garbage", "stranger", "silent", "forgetful", "old", "elsewhere", "large", "wrong")


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def parsed_key(vkey):
    name, mark, encoded = vkey.split("+", 2)
    raw = base64.b64decode(encoded)
    assert raw[0] == 1 and key_id(name, 1, raw[1:]).hex() == mark
    return name, Ed25519PublicKey.from_public_bytes(raw[1:]), bytes.fromhex(mark)


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(old, old_root, new, new_root, proof):
    """RFC 6962, section 2.1.2, by its recursive definition: what SUBPROOF must have been is taken apart again."""
    if old == 0 or old == new:
        return not proof and (old == 0 or old_root == new_root)
    rest = list(proof)

    def split(n):
        k = 1
        while k * 2 < n:
            k *= 2
        return k

    def walk(m, n, is_whole):
        """The roots of the first m and of all n leaves."""
        if m == n:
            known = old_root if is_whole else rest.pop(0)
            return known, known
        k = split(n)
        if m <= k:
            first, left = walk(m, k, is_whole)
            return first, node(left, rest.pop(0))
        first, right = walk(m - k, n - k, False)
        left = rest.pop(0)
        return node(left, first), node(left, right)

    try:
        first, second = walk(old, new, True)
    except IndexError:
        return False
    return not rest and (first, second) == (old_root, new_root)


class Witness:
    def __init__(self, name, logs):
        self.name, self.private = name, Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()
        self.logs = {origin: (public, mark) for origin, public, mark in map(parsed_key, logs)}
        self.seen, self.lock, self.mood, self.asked = {}, Lock(), "good", 0

    def vkey(self):
        mark = key_id(self.name, 4, self.public).hex()
        return f"{self.name}+{mark}+{base64.b64encode(bytes([4]) + self.public).decode()}"

    def add_checkpoint(self, body):
        """The answer: status, type, content."""
        head, _blank, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        text, _blank, below = note.rpartition("\n\n")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        if origin not in self.logs:
            return 404, "text/plain", "unknown log\n"
        public, mark = self.logs[origin]
        lines = [line.split(" ") for line in below.splitlines()]
        ours = [base64.b64decode(sig) for _dash, name, sig in lines if name == origin]
        ours = [sig[4:] for sig in ours if sig[:4] == mark]
        try:
            for signature in ours:
                public.verify(signature, text.encode())
        except InvalidSignature:
            ours = []
        if not ours:
            return 403, "text/plain", "no signature\n"
        old, size, root = int(first.removeprefix("old ")), int(size), base64.b64decode(root)
        if old > size:
            return 400, "text/plain", "old size is larger\n"
        with self.lock:
            known, known_root = self.seen.get(origin, (0, b""))
            if old != known:
                return 409, "text/x.tlog.size", f"{known}\n"
            if not is_consistent(old, known_root, size, root, [base64.b64decode(line) for line in proof]):
                return 422, "text/plain", "inconsistent\n"
            self.seen[origin] = size, root
        return 200, "text/plain", self.cosigned(text)

    def cosigned(self, text, *, at=None, name=None, private=None):
        at = int(time.time()) if at is None else at
        private = private or self.private
        signature = private.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        mark = key_id(self.name, 4, self.public)
        line = base64.b64encode(mark + struct.pack(">Q", at) + signature).decode()
        return f"— {name or self.name} {line}\n"

    def in_a_mood(self, body):
        text = body.partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
        match self.mood:
            case "garbage":
                return 200, "text/html", "<h1>Welcome</h1>"
            case "stranger":
                return 200, "text/plain", self.cosigned(text, name="stranger.example/w")
            case "wrong":
                return 200, "text/plain", self.cosigned(text, private=Ed25519PrivateKey.generate())
            case "silent":
                time.sleep(60)
            case "forgetful":
                return 409, "text/x.tlog.size", f"{self.asked % 3}\n"
            case "old":
                return 200, "text/plain", self.cosigned(text, at=1_000_000_000)
            case "elsewhere":
                return 302, "text/plain", ""
            case "large":
                return 200, "text/plain", self.cosigned(text) + "x" * 10_000_000
        return self.add_checkpoint(body)


def main(name, *logs):
    witness = Witness(name, logs)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            witness.asked += 1
            if self.path.startswith("/mood/"):
                witness.mood = self.path.removeprefix("/mood/")
                answer = 200, "text/plain", ""
            elif self.path.startswith("/trust/"):
                origin, public, mark = parsed_key(body)
                witness.logs[origin] = public, mark
                witness.seen.pop(origin, None)
                answer = 200, "text/plain", ""
            elif self.path == "/add-checkpoint":
                try:
                    answer = witness.in_a_mood(body)
                except (ValueError, IndexError, UnicodeError):
                    answer = 400, "text/plain", "malformed\n"
            else:
                answer = 404, "text/plain", ""
            status, kind, content = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content.encode())))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], witness.vkey(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
