#!/usr/bin/python3
"""An independent reader of bakfs repositories, written from FORMAT.md alone (its section numbers are below).

    restorer.py KEYFILE REPO DEST [SNAPSHOT]    restores the newest snapshot, or the one whose id begins so, into DEST
    restorer.py --vectors FILE                  checks the sealing against Wycheproof's c2sp_chunked_encryption cases

Debian packages: python3-cryptography, libzstd1. Whatever breaks a rule ends it with an error; nothing is skipped in silence.
"""
import ctypes, functools, hashlib, hmac, json, os, re, stat, struct, sys, zlib
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

def need(good, words):
    if not good: raise ValueError(words)

class Reader:                                                    # 1: big endian, nothing left over
    def __init__(self, data, what): self.data, self.at, self.what = data, 0, what
    def take(self, n):
        need(self.at + n <= len(self.data), self.what + ": ends early")
        self.at += n
        return bytes(self.data[self.at - n:self.at])
    def num(self, n, signed=False): return int.from_bytes(self.take(n), "big", signed=signed)
    def some(self, width): return self.take(self.num(width))
    def zero(self, n): need(not any(self.take(n)), self.what + ": reserved bytes are not zero")
    def end(self): need(self.at == len(self.data), self.what + ": goes on")

def ascending(names): return all(a < b for a, b in zip(names, names[1:]))

# 3 recovery key
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
def times(a, b):                                                 # in GF(32)
    r = 0
    for i in range(5):
        r ^= (a << i) * (b >> i & 1)
    for i in (8, 7, 6, 5): r ^= (0b100101 << i - 5) * (r >> i & 1)
    return r
def recovery_key(text):
    text = re.sub(r"[ \t\r\n-]", "", text.lower()).translate(str.maketrans("oil", "011"))
    need(len(text) == 64 and set(text) <= set(SYMBOLS), "recovery key: not 64 symbols")
    s, bits = [SYMBOLS.index(c) for c in text], 0
    for g in range(8):
        total, weight = 0, 1
        for c in s[8 * g:8 * g + 8]: total, weight = total ^ times(weight, c), times(weight, 2)
        need(total == g + 1, f"recovery key: look at group {g + 1}")
        for c in s[8 * g:8 * g + 7]: bits = bits << 5 | c
    raw = bits.to_bytes(35, "big")
    need(raw[0] == 1 and raw[33:] == hashlib.sha256(b"bakfs/v1 recovery key\0" + raw[:33]).digest()[:2], "recovery key: checksum")
    return raw[1:33]

# 4 keys
def expand(prk, info, n):
    out = block = b""
    for i in range(1, 256):
        if len(out) >= n: break
        block = hmac.digest(prk, block + info + bytes([i]), "sha512")
        out += block
    return out[:n]
class Keys:
    def __init__(self, rk, repo):
        self.repo, self.prk = repo, hmac.digest(b"bakfs/v1" + repo, rk, "sha512")
        self.name = expand(self.prk, b"bakfs/v1 chunk name", 32)
        seed = expand(self.prk, b"bakfs/v1 root signing", 32)
        self.root = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    def epoch(self, e, label): return expand(expand(self.prk, b"bakfs/v1 epoch" + struct.pack(">I", e), 32), b"bakfs/v1 " + label, 32)
    def pseudonym(self, device): return hmac.digest(self.epoch(0, b"pseudonym"), device, "sha256")[:16]

# 5 sealing
def unseal(key, context, body):
    need(len(key) == 32 and len(body) >= 72, "sealed: wrong length")
    salt, commitment, blocks = body[:24], body[24:56], memoryview(body)[56:]
    k = expand(key, b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context, 76)
    need(hmac.compare_digest(k[44:], commitment), "sealed: another key or another place")
    need(len(blocks) % 16400 >= 16, "sealed: the last block is missing")
    aead, nonce = AESGCM(k[:32]), int.from_bytes(k[32:44], "big")
    return b"".join(aead.decrypt((nonce ^ i).to_bytes(12, "big"), bytes(blocks[16400 * i:16400 * (i + 1)]), None)
                    for i in range(len(blocks) // 16400 + 1))
def room(size): return 16384 * ((size - 88) // 16400) + (size - 88) % 16400 - 16
def unseal_file(keys, raw, cls, pseudonym=bytes(16), seq=0):
    need(len(raw) in [1 << n for n in (range(16, 25) if cls == 1 else range(12, 21))], "size: not one of the class")
    r = Reader(raw[:32], "header")
    need((r.take(5), r.num(1), r.num(1), r.num(1)) == (b"BAKFS", 1, cls, 0), "header: magic, version, class or flags")
    epoch = r.num(4)
    need(epoch < 1000 and r.take(16) == keys.repo, "header: epoch or repository")
    r.zero(4)
    return unseal(keys.epoch(epoch, b"object" if cls == 1 else b"journal"), raw[:32] + pseudonym + struct.pack(">Q", seq), raw[32:])

# 9 journal
def verify(public, signature, label, message): Ed25519PublicKey.from_public_bytes(public).verify(signature, label + b"\0" + message)
def hashes(r, first=0): need(r.take(first) is not None and ascending([r.take(32) for _ in range(r.num(4))]), "payload: not sorted")
def entry(keys, raw, pseudonym, seq):
    plain = unseal_file(keys, raw, 2, pseudonym, seq)
    r = Reader(plain, "entry")
    need(r.num(1) == 1, "entry: version; use a newer bakfs")
    kind = r.num(1)
    need(1 <= kind <= 8 and (kind == 1) == (seq == 0), "entry: kind")
    r.zero(2)
    need(r.take(16) == keys.repo, "entry: of another repository")
    device = r.take(16)
    need(keys.pseudonym(device) == pseudonym and r.num(8) == seq, "entry: of another place")
    prev, time = r.take(32), r.num(8, True)
    r.zero(8)
    cert = r.some(2)
    seen = [(r.take(16), r.take(40))[0] for _ in range(r.num(2))]
    need(ascending(seen) and len(seen) <= 256 and device not in seen, "entry: seen")
    payload = r.some(4)
    signed = plain[:r.at]
    signature = r.take(64)
    need(not any(plain[r.at:]) and (len(raw) == 4096 or r.at > room(len(raw) // 2)), "entry: padding")
    c = Reader(cert, "certificate")
    need(c.num(1) == 1 and c.take(16) == device, "certificate: version or device")
    public, _ = c.take(32), c.take(12)
    need(c.some(1).decode() != "", "certificate: no name")
    verify(keys.root, c.take(64), b"bakfs/v1 device certificate", keys.repo + cert[:-64])
    c.end()
    verify(public, signature, b"bakfs/v1 journal entry", signed)
    p = Reader(payload, "payload")
    if kind in (3, 4, 6): hashes(p)
    elif kind == 5: hashes(p, 32)
    elif kind == 8: p.take(32)
    elif kind == 2: p.take(len(payload))
    p.end()
    return prev, time, device, kind, payload, public
def journal(keys, files):
    logs, found = {}, []
    for m in sorted(files, key=lambda m: m[0]):
        raw, pseudonym, seq = m.raw(), bytes.fromhex(m[1]), int(m[2])
        digest = hashlib.sha256(raw).digest()
        need(digest[:8].hex() == m[3], m[0] + ": name")
        prev, time, device, kind, payload, public = entry(keys, raw, pseudonym, seq)
        count, last, key = logs.get(device, (0, bytes(32), public))
        need((count, last, key) == (seq, prev, public), m[0] + ": gap, fork or broken chain")
        logs[device] = (seq + 1, digest, public)
        date = min(time, int.from_bytes(payload[4:12], "big", signed=True)) if payload[1:2] == b"\2" else time
        if kind == 2: found.append((date, time, device, seq, digest, payload))
    return sorted(found)

# 6 packs
ZSTD = ctypes.CDLL("libzstd.so.1")
for f in (ZSTD.ZSTD_decompress, ZSTD.ZSTD_findFrameCompressedSize): f.restype = ctypes.c_size_t
def decompress(data, raw):
    need(ZSTD.ZSTD_findFrameCompressedSize(data, ctypes.c_size_t(len(data))) == len(data), "chunk: not one zstd frame")
    single, window = data[4] & 32, data[5]
    need(single or (1 << 10 + (window >> 3)) * (8 + (window & 7)) // 8 <= 8 << 20, "chunk: window")
    out = ctypes.create_string_buffer(raw)
    need(ZSTD.ZSTD_decompress(out, ctypes.c_size_t(raw), data, ctypes.c_size_t(len(data))) == raw, "chunk: zstd")
    return out.raw
class Packs:
    def __init__(self, keys, files):
        self.keys, self.where = keys, {}
        for path in files:
            plain = self.open(path)
            r = Reader(plain, path)
            need(r.take(5) == b"PACK\1", path + ": not a pack")
            stream = r.num(1)
            r.zero(2)
            count = r.num(4)
            r.zero(4)
            need(stream in (1, 2) and 1 <= count <= 65536, path + ": stream or count")
            at, names = 16 + 48 * count, set()
            for _ in range(count):
                name, offset, stored, raw, kind, how = r.take(32), r.num(4), r.num(4), r.num(4), r.num(1), r.num(1)
                r.zero(2)
                need(offset == at and 0 < raw <= 1 << 20 and name not in names, path + ": directory")
                need(stored == raw if how == 0 else how == 1 and 0 < stored < raw, path + ": lengths")
                need(kind in ((2, 3) if stream == 1 else (1,)), path + ": type")
                at += stored
                names.add(name)
                self.where.setdefault((kind, name), (path, offset, stored, raw, how))
            need(at <= len(plain) and plain[at:].count(0) == len(plain) - at, path + ": padding or end")
    @functools.lru_cache(maxsize=8)
    def open(self, path):
        with open(path, "rb") as f: raw = f.read((1 << 24) + 1)
        need(hashlib.sha256(raw).hexdigest() == os.path.basename(path), path + ": name")
        return unseal_file(self.keys, raw, 1)
    def get(self, kind, name):
        need((kind, name) in self.where, f"chunk {name.hex()} is in no pack")
        path, offset, stored, raw, how = self.where[kind, name]
        data = self.open(path)[offset:offset + stored]
        if how: data = decompress(data, raw)
        need(hmac.compare_digest(hmac.digest(self.keys.name, bytes([kind]) + data, "sha256"), name), f"{path}: chunk {name.hex()} is another")
        return data

# 8 trees
def node(packs, kind, root, top):
    r = Reader(packs.get(kind, root), f"node {root.hex()}")
    need(r.num(1) == 1, "node: version")
    level = r.num(1)
    r.zero(2)
    need(level <= (8 if kind == 2 else 4) if top is None else level == top, "node: level")
    return r, level, r.num(4)
def directory(packs, root, level=None):
    top = level is None
    r, level, count = node(packs, 2, root, level)
    need(count > 0 or top and level == 0, "node: empty")
    if level == 0: entries = [tree_entry(r) for _ in range(count)]
    else:
        entries, children = [], [(r.some(2), r.take(32), r.num(4)) for _ in range(count)]
        for first, child, below in children:
            got = directory(packs, child, level - 1)
            need(len(got) == below and got[0]["name"] == first, "node: not what its parent says")
            entries += got
    r.end()
    need(ascending([e["name"] for e in entries]) and len(entries) <= 10_000_000, "node: names are not sorted")
    return entries
def extent(r): return r.num(4), r.take(32)
def extents(packs, root, level=None):
    r, level, count = node(packs, 3, root, level)
    need(count > 0, "list: empty")
    if level == 0: yield from [extent(r) for _ in range(count)]
    else:
        for _ in range(count):
            size, child = r.num(8), r.take(32)
            got = list(extents(packs, child, level - 1))
            need(sum(n for n, _ in got) == size, "list: lengths")
            yield from got
    r.end()
def tree_entry(r):
    name, kind, content, flags, mode, uid, gid = r.some(2), r.num(1), r.num(1), r.num(2), r.num(4), r.num(4), r.num(4)
    need(0 < len(name) <= 255 and name not in (b".", b"..") and not set(name) & {0, 47}, "entry: name")
    need(1 <= kind <= 7 and content <= (3 if kind == 1 else 0) and flags < 8 and mode <= 0o7777, f"entry {name}: kind, flags, mode")
    r.some(1), r.some(1)                                         # user and group names
    e = dict(name=name, kind=kind, mode=mode, owner=(uid, gid), mtime=r.num(8, True), ctime=r.num(8, True), inode=r.num(8))
    r.take(4)
    e.update(link=(e["inode"], r.num(8)) if flags & 1 else None, size=r.num(8), parts=[], list=None, xattrs=[])
    size = e["size"]
    if kind == 1 and content == 1: e["inline"] = r.some(2)
    elif content == 2: e["parts"] = [extent(r) for _ in range(r.num(1))]
    elif content == 3 or kind == 2: e["list"], e["data"] = r.take(32), r.num(8) if kind == 1 else 0
    elif kind == 3: e["target"] = r.some(2)
    elif kind >= 6: e["device"] = os.makedev(r.num(4), r.num(4))
    if flags & 2: e["xattrs"] = [(r.some(1), r.some(4)) for _ in range(r.num(2))]
    need(len(e.get("inline", b"")) == size and 0 < size <= 512 if content == 1 else True, f"entry {name}: inline")
    need(1 <= len(e["parts"]) <= 8 if content == 2 else True, f"entry {name}: extents")
    need(kind in (1, 3) and (content or kind == 3 or not size) or size == 0, f"entry {name}: size")
    need(kind != 3 or 0 < size == len(e["target"]) <= 4095 and 0 not in e["target"], f"entry {name}: target")
    names = [n for n, _ in e["xattrs"]]
    need(ascending(names) and all(names) and all(len(v) <= 65536 for _, v in e["xattrs"]), f"entry {name}: xattrs")
    need(sum(len(n) + len(v) for n, v in e["xattrs"]) <= 262144, f"entry {name}: xattrs")
    return e

# 10 snapshots, and what Unix does with them
def snapshot(payload):
    r = Reader(payload, "snapshot")
    version, source, flags = r.num(1), r.num(1), r.num(2)
    need(version == 1 and source in (1, 2) and flags < 2, "snapshot: version, source or flags")
    start, end = r.num(8), r.num(8)
    root = r.take(32)
    r.take(56)
    sources = [r.some(2) for _ in range(r.num(2))]
    tags = [r.some(1) for _ in range(r.num(2))]
    need(sources and ascending(sources) and ascending(tags) and all(tags), "snapshot: sources or tags")
    need(all(os.path.normpath(s) == s and s[:1] == b"/" and s[:2] != b"//" for s in sources), "snapshot: source")
    need(source == 1 or start == end and len(sources) == 1 and re.fullmatch(rb"/signal/[^/]{1,255}", sources[0], re.S), "snapshot: of a Signal backup")
    r.end()
    return root
def write_file(packs, path, e):
    parts, at = e["parts"] if e["list"] is None else extents(packs, e["list"]), 0
    held = 0
    with open(path, "xb") as f:
        f.write(e.get("inline", b""))
        for length, name in parts:
            need(length > 0, "extent: empty")
            if any(name):
                data = packs.get(1, name)
                need(len(data) == length, "extent: length")
                os.pwrite(f.fileno(), data, at)
                held += length
            at += length
        need("inline" in e or at == e["size"], "extents: not the size of the file")
        need(e["list"] is None or held == e["data"], "extents: not the data of the file")
        f.truncate(e["size"])
def restore(packs, dest, root, links, depth=0):
    need(depth <= 1024, "too deep")
    for e in directory(packs, root):
        path = os.path.join(dest, e["name"])
        if e["link"] in links and e["kind"] != 2:
            os.link(links[e["link"]], path, follow_symlinks=False)
            continue
        if e["kind"] == 1: write_file(packs, path, e)
        elif e["kind"] == 2:
            os.mkdir(path, 0o700)
            restore(packs, path, e["list"], links, depth + 1)
        elif e["kind"] == 3: os.symlink(e["target"], path)
        elif e["kind"] in (4, 5) or os.geteuid() == 0:
            os.mknod(path, {4: stat.S_IFIFO, 5: stat.S_IFSOCK, 6: stat.S_IFCHR, 7: stat.S_IFBLK}[e["kind"]] | 0o600, e.get("device", 0))
        else:
            print("left out, only root can make it:", os.fsdecode(path), file=sys.stderr)
            continue
        if e["link"]: links[e["link"]] = path
        if os.geteuid() == 0: os.chown(path, *e["owner"], follow_symlinks=False)
        for name, value in e["xattrs"]:
            if name.startswith(b"user."): os.setxattr(path, name, value, follow_symlinks=False)
        if e["kind"] != 3: os.chmod(path, e["mode"])
        os.utime(path, ns=(e["mtime"], e["mtime"]), follow_symlinks=False)

def main(keyfile, repo, dest, wanted=""):
    def matches(pattern):
        for folder, _, names in os.walk(repo):
            for name in names:
                path = os.path.join(folder, name)
                m = re.fullmatch(pattern, os.path.relpath(path, repo))
                if m: yield path, m
    os.umask(0o077)
    sys.setrecursionlimit(10_000)
    class Log(tuple):
        def raw(self): return open(self[0], "rb").read((1 << 20) + 1)
    logs = [Log((p, *m.groups())) for p, m in matches(r"journal/([0-9a-f]{32})/([0-9]{10})-([0-9a-f]{16})")]
    packs = sorted(p for p, m in matches(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})"))
    need(logs, "no journal")
    with open(keyfile) as f: keys = Keys(recovery_key(f.read(1000)), logs[0].raw()[12:28])
    found = [s for s in journal(keys, logs) if s[4].hex().startswith(wanted)]
    need(found and (len(found) == 1 or not wanted), f"{len(found)} snapshots")
    os.makedirs(dest, exist_ok=True)
    need(not os.listdir(dest), dest + " is not empty")
    print("snapshot", found[-1][4].hex())
    restore(Packs(keys, packs), os.fsencode(dest), snapshot(found[-1][5]), {})

def vectors(path):
    cases = [t for g in json.load(open(path))["testGroups"] for t in g["tests"]]
    for t in cases:
        try: got = hashlib.sha512(unseal(bytes.fromhex(t["key"]), bytes.fromhex(t["ctx"]), zlib.decompress(bytes.fromhex(t["ct"])))).hexdigest()
        except (ValueError, InvalidTag): got = None
        need(got == (t["msgSha512"] if t["result"] == "valid" else None), f"case {t['tcId']}: {t['comment']}")
    print(len(cases), "cases hold")

if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--vectors": vectors(sys.argv[2])
    elif len(sys.argv) in (4, 5): main(*sys.argv[1:])
    else: sys.exit(__doc__)
