"""Private keys that a parser takes for such, from a seed: nothing but the standard library, nothing that opens anything."""

import base64

SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def pem(label, der):
    text = base64.b64encode(der).decode()
    width = 70 if "OPENSSH" in label else 64
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def prime(r, bits):
    while True:
        n = r.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(n % p for p in SMALL) and (n - 1) % 65537 and pow(2, n - 1, n) == 1 and pow(3, n - 1, n) == 1:
            return n


def rsa(r, bits=2048):
    p, q = prime(r, bits // 2), prime(r, bits // 2)
    e = 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    return [0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]


def der(tag, body):
    n = len(body)
    if n < 128:
        size = bytes([n])
    else:
        digits = n.to_bytes((n.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + size + body


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def sequence(*parts):
    return der(0x30, b"".join(parts))


def pkcs1_rsa(r):
    return sequence(*map(integer, rsa(r)))


def pkcs8_rsa(r):
    algorithm = sequence(bytes.fromhex("06092a864886f70d010101"), b"\x05\x00")
    return sequence(integer(0), algorithm, der(4, pkcs1_rsa(r)))


# Of the curve P-256: the prime, the base point, the order.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def add(a, b):
    if a is None or b is None:
        return a or b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if a == b else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(n, point):
    total = None
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def sec1_ec(r):
    scalar = r.randrange(1, N)
    x, y = multiply(scalar, G)
    curve = bytes.fromhex("06082a8648ce3d030107")
    point = b"\x00\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    return sequence(integer(1), der(4, scalar.to_bytes(32, "big")), der(0xA0, curve), der(0xA1, der(3, point)))


def openssh_ed25519(r):
    """The container is whole; its public half is random, which only the curve's own arithmetic could tell."""

    def text(data):
        return len(data).to_bytes(4, "big") + data

    kind, public, seed, check = b"ssh-ed25519", r.randbytes(32), r.randbytes(32), r.randbytes(4)
    private = check + check + text(kind) + text(public) + text(seed + public) + text(b"trainer@node")
    private += bytes(range(1, -len(private) % 8 + 1))
    shared = text(text(kind) + text(public))
    return b"openssh-key-v1\0" + text(b"none") + text(b"none") + text(b"") + (1).to_bytes(4, "big") + shared + text(private)
