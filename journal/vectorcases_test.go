package journal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"path"
	"slices"
	"strings"

	"bakfs/seal"
)

// A bench is where one vector is made.
type bench struct {
	*world
	files map[string][]byte
	a, b  *seal.Device
}

type vectorCase struct {
	name, comment string
	make          func(b *bench)
}

func (b *bench) add(x *draft) seal.Hash {
	name, raw, h := x.make(b.t)
	b.files[name] = raw
	return h
}

// start adds good first entries of both devices.
func (b *bench) start() (ha, hb seal.Hash) {
	return b.add(b.draft(b.a, Enrol, 0, seal.Hash{})), b.add(b.draft(b.b, Enrol, 0, seal.Hash{}))
}

// second is anna's second entry, to be falsified.
func (b *bench) second(k Kind) *draft {
	ha, _ := b.start()
	return b.draft(b.a, k, 1, ha)
}

// one is a case that falsifies anna's second entry, a snapshot.
func one(name, comment string, edit func(b *bench, x *draft)) vectorCase {
	return vectorCase{name, comment, func(b *bench) {
		x := b.second(Snapshot)
		x.payload = []byte("a snapshot's payload")
		edit(b, x)
		b.add(x)
	}}
}

func poke(at int, v byte) func([]byte) []byte {
	return func(b []byte) []byte { b[at] = v; return b }
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte { b[at] ^= 1; return b }
}

func vectorCases() []vectorCase {
	return slices.Concat(goodCases(), fileCases(), formCases(), payloadCases(), placeCases(), trustCases(), chainCases())
}

func goodCases() []vectorCase {
	return []vectorCase{
		{"good-all-kinds", "an entry of each kind by two devices that see each other", func(b *bench) {
			last, hb := b.start()
			hash := func(n byte) seal.Hash { return seal.Hash{n} }
			for i, p := range [][]byte{
				[]byte("snapshot"),
				Targets{Names: []seal.Hash{hash(1), hash(2)}}.Payload(Forget),
				Targets{Names: []seal.Hash{hash(1)}}.Payload(Mark),
				Targets{Mark: hash(9), Names: []seal.Hash{hash(1)}}.Payload(Sweep),
				Targets{}.Payload(Checkpoint),
				nil,
				Targets{Mark: hash(9)}.Payload(Unmark),
			} {
				x := b.draft(b.a, Snapshot+Kind(i), uint64(i+1), last)
				x.payload, x.seen = p, []Seen{{b.b.ID, 0, hb}}
				last = b.add(x)
			}
		}},
		{"good-full", "payload and signature end with the plaintext of a file of 4096 bytes", func(b *bench) {
			x := b.second(Snapshot)
			x.payload = make([]byte, 3992-sigSize-len(x.appendSigned(nil)))
			b.add(x)
		}},
		{"good-foreign", "conflict copies and other files that are not of the repository", func(b *bench) {
			b.start()
			log := path.Join("journal", b.keys.Pseudonym(b.a.ID).String())
			for _, name := range []string{
				"journal/.DS_Store", "journal/0123456789ABCDEF0123456789ABCDEF/x", log + "/0000000001-0123456789abcdef (conflict)",
				log + "/0000000001-0123456789ABCDEF", log + "/000000001-0123456789abcdef", log + "/.tmp-x-y",
			} {
				b.files[name] = []byte("foreign")
			}
		}},
	}
}

// fileCases break what is checked before the form.
func fileCases() []vectorCase {
	return []vectorCase{
		one("size-no-class", "a file of 4097 bytes", func(b *bench, x *draft) {
			x.file = func(f []byte) []byte { return append(f, 0) }
		}),
		one("size-empty", "an empty file", func(b *bench, x *draft) {
			x.file = func([]byte) []byte { return nil }
		}),
		one("size-not-smallest", "a file of 8192 bytes, where 4096 would do", func(b *bench, x *draft) { x.size = 8192 }),
		one("name-other-hash", "the name has another hash than the file", func(b *bench, x *draft) {
			x.name = func(p place) place { p.short[7] ^= 1; return p }
		}),
		one("header-magic", "the header does not begin with BAKFS", func(b *bench, x *draft) { x.file = flip(4) }),
		one("header-version", "the header is of version 2", func(b *bench, x *draft) { x.file = poke(5, 2) }),
		one("header-class", "the header says pack", func(b *bench, x *draft) { x.file = poke(6, 1) }),
		one("header-flags", "an unknown flag in the header", func(b *bench, x *draft) { x.file = poke(7, 1) }),
		one("header-epoch", "the header says epoch 1", func(b *bench, x *draft) { x.file = poke(11, 1) }),
		one("header-repository", "the header is of another repository", func(b *bench, x *draft) { x.file = flip(12) }),
		one("header-end", "the last bytes of the header are not zero", func(b *bench, x *draft) { x.file = poke(31, 1) }),
		one("seal-salt", "another salt", func(b *bench, x *draft) { x.file = flip(32) }),
		one("seal-commitment", "another commitment", func(b *bench, x *draft) { x.file = flip(56) }),
		one("seal-block", "another byte in block 0", func(b *bench, x *draft) { x.file = flip(88) }),
		one("seal-tag", "another byte in the tag", func(b *bench, x *draft) { x.file = flip(4095) }),
		one("seal-other-key", "one entry of another key's repository with the same id", func(b *bench, x *draft) {
			x.keys = seal.DeriveRoot(seal.NewRecoveryKey(), b.repo).Keys()
			pseudonym := b.keys.Pseudonym(b.a.ID)
			x.name = func(p place) place { p.pseudonym = pseudonym; return p }
		}),
		{"key-wrong", "all entries are of another key", func(b *bench) {
			b.keys = seal.DeriveRoot(seal.NewRecoveryKey(), b.repo).Keys()
			b.start()
			b.keys = b.root.Keys()
		}},
	}
}

// offsets in an entry's plaintext
const (
	atReserved = 2
	atRoot     = 4 + 16 + 16 + 8 + 32 + 8
	atCert     = atRoot + 8
)

func formCases() []vectorCase {
	seen := func(b *bench, devices ...byte) (list []Seen) {
		for _, d := range devices {
			list = append(list, Seen{Device: seal.DeviceID{d}})
		}
		return list
	}
	return []vectorCase{
		one("form-version", "entry of version 2", func(b *bench, x *draft) { x.signed = poke(0, 2) }),
		one("form-kind-0", "entry of kind 0", func(b *bench, x *draft) { x.kind = 0 }),
		one("form-kind-9", "entry of a kind this version does not know", func(b *bench, x *draft) { x.kind = 9 }),
		one("form-reserved", "the reserved bytes are not zero", func(b *bench, x *draft) { x.signed = poke(atReserved+1, 1) }),
		one("form-root-record", "names a root record", func(b *bench, x *draft) { x.signed = poke(atRoot+7, 1) }),
		one("form-enrol-second", "an enrol entry that is not the first", func(b *bench, x *draft) { x.kind, x.payload = Enrol, nil }),
		{"form-first-not-enrol", "a log that begins with a heartbeat", func(b *bench) {
			b.add(b.draft(b.b, Enrol, 0, seal.Hash{}))
			b.add(b.draft(b.a, Heartbeat, 0, seal.Hash{}))
		}},
		{"form-first-prev", "a first entry that names one before it", func(b *bench) {
			b.add(b.draft(b.b, Enrol, 0, seal.Hash{}))
			b.add(b.draft(b.a, Enrol, 0, seal.Hash{1}))
		}},
		one("form-number-limit", "entry number 1000000", func(b *bench, x *draft) { x.seq, x.number = maxEntries, maxEntries }),
		one("form-seen-unsorted", "seen is not sorted", func(b *bench, x *draft) { x.seen = seen(b, 2, 1) }),
		one("form-seen-twice", "a device stands twice in seen", func(b *bench, x *draft) { x.seen = seen(b, 1, 1) }),
		one("form-seen-itself", "a device says that it saw itself", func(b *bench, x *draft) { x.seen = []Seen{{Device: b.a.ID}} }),
		one("form-seen-257", "seen has 257 devices", func(b *bench, x *draft) {
			for n := range 257 {
				x.seen = append(x.seen, Seen{Device: seal.DeviceID{byte(n >> 8), byte(n)}})
			}
		}),
		one("form-seen-long", "seen goes on past the end", func(b *bench, x *draft) {
			x.signed = poke(atCert+2+len(x.cert)+1, 200)
		}),
		one("form-cert-long", "the certificate goes on past the end", func(b *bench, x *draft) { x.signed = poke(atCert, 255) }),
		one("form-payload-long", "the payload goes on past the end", func(b *bench, x *draft) {
			x.signed = poke(atCert+2+len(x.cert)+2, 1)
		}),
		one("form-no-room-for-signature", "the signature goes on past the end", func(b *bench, x *draft) {
			x.signed = func(s []byte) []byte {
				binary.BigEndian.PutUint32(s[len(s)-len(x.payload)-4:], uint32(3992-len(s)+len(x.payload)-sigSize+1))
				return s
			}
		}),
		one("form-padding", "a byte of the padding is not zero", func(b *bench, x *draft) {
			x.plain = func(p []byte, n int) { p[len(p)-1] = 1 }
		}),
		one("form-trailing", "a byte behind the signature", func(b *bench, x *draft) {
			x.plain = func(p []byte, n int) { p[n+sigSize] = 1 }
		}),
	}
}

func payloadCases() []vectorCase {
	bad := func(name, comment string, k Kind, payload []byte) vectorCase {
		return vectorCase{name, comment, func(b *bench) {
			x := b.second(k)
			x.payload = payload
			b.add(x)
		}}
	}
	two := Targets{Names: []seal.Hash{{1}, {2}}}
	unsorted := Targets{Names: []seal.Hash{{2}, {1}}}
	twice := Targets{Names: []seal.Hash{{1}, {1}}}
	return []vectorCase{
		{"payload-enrol", "an enrol entry with a payload", func(b *bench) {
			b.add(b.draft(b.b, Enrol, 0, seal.Hash{}))
			x := b.draft(b.a, Enrol, 0, seal.Hash{})
			x.payload = []byte{0}
			b.add(x)
		}},
		bad("payload-heartbeat", "a heartbeat with a payload", Heartbeat, []byte{0}),
		bad("payload-forget-short", "names end early", Forget, two.Payload(Forget)[:67]),
		bad("payload-forget-long", "a byte behind the names", Forget, append(two.Payload(Forget), 0)),
		bad("payload-forget-count", "4294967295 names", Forget, bytes.Repeat([]byte{255}, 36)),
		bad("payload-forget-unsorted", "names are not sorted", Forget, unsorted.Payload(Forget)),
		bad("payload-mark-twice", "a pack is named twice", Mark, twice.Payload(Mark)),
		bad("payload-sweep-no-mark", "a sweep that names no mark", Sweep, two.Payload(Mark)),
		bad("payload-checkpoint-empty", "a checkpoint without a count", Checkpoint, nil),
		bad("payload-unmark-long", "a byte behind the mark", Unmark, make([]byte, 33)),
		bad("payload-unmark-short", "a mark of 31 bytes", Unmark, make([]byte, 31)),
	}
}

func placeCases() []vectorCase {
	return []vectorCase{
		one("place-renamed-number", "entry 1 under number 2", func(b *bench, x *draft) {
			x.name = func(p place) place { p.seq = 2; return p }
		}),
		{"place-swapped", "two devices' first files swapped", func(b *bench) {
			b.start()
			swapped := make(map[string][]byte)
			a, c := b.keys.Pseudonym(b.a.ID).String(), b.keys.Pseudonym(b.b.ID).String()
			for name, raw := range b.files {
				swapped[strings.NewReplacer(a, c, c, a).Replace(name)] = raw
			}
			b.files = swapped
			b.add(b.draft(b.enrol("carl"), Enrol, 0, seal.Hash{}))
		}},
		one("place-repository", "sealed for this repository, written for another", func(b *bench, x *draft) { x.repository[0] ^= 1 }),
		one("place-device", "bert's entry sealed for anna's log", func(b *bench, x *draft) {
			x.device, x.cert, x.signer = b.b.ID, b.b.Certificate().Bytes(), b.b
		}),
		one("place-number", "entry 1 sealed for number 2", func(b *bench, x *draft) { x.number = 2 }),
	}
}

// trustCases break certificates and signatures.
func trustCases() []vectorCase {
	return []vectorCase{
		one("certificate-other-root", "a certificate by another root", func(b *bench, x *draft) {
			d, err := seal.DeriveRoot(seal.NewRecoveryKey(), b.repo).Enrol("anna", noon)
			must(b.t, err)
			x.device, x.cert, x.signer, x.owner = d.ID, d.Certificate().Bytes(), d, d
		}),
		one("certificate-other-repository", "a certificate by the same key for another repository", func(b *bench, x *draft) {
			d, err := seal.DeriveRoot(b.key, seal.NewRepositoryID()).Enrol("anna", noon)
			must(b.t, err)
			x.device, x.cert, x.signer, x.owner = d.ID, d.Certificate().Bytes(), d, d
		}),
		one("certificate-changed", "one byte of the certificate's signature", func(b *bench, x *draft) { flip(len(x.cert) - 1)(x.cert) }),
		one("certificate-trailing", "a byte behind the certificate", func(b *bench, x *draft) { x.cert = append(x.cert, 0) }),
		one("certificate-none", "no certificate", func(b *bench, x *draft) { x.cert = nil }),
		one("certificate-other-device", "bert's certificate and signature in anna's entry", func(b *bench, x *draft) {
			x.cert, x.signer = b.b.Certificate().Bytes(), b.b
		}),
		one("certificate-second-key", "the root certifies a second key for anna", func(b *bench, x *draft) {
			b.secondKey(x)
		}),
		one("signature-other-device", "signed by bert", func(b *bench, x *draft) { x.signer = b.b }),
		one("signature-changed", "one byte of the signature", func(b *bench, x *draft) {
			x.plain = func(p []byte, n int) { p[n+sigSize-1] ^= 1 }
		}),
		one("signature-payload", "one byte of the payload after signing", func(b *bench, x *draft) {
			x.plain = func(p []byte, n int) { p[n-1] ^= 1 }
		}),
		one("signature-zero", "a signature of zeros", func(b *bench, x *draft) {
			x.plain = func(p []byte, n int) { copy(p[n:], make([]byte, sigSize)) }
		}),
	}
}

// secondKey gives x a key that the root certifies for the same device.
func (b *bench) secondKey(x *draft) {
	public, private, err := ed25519.GenerateKey(nil)
	must(b.t, err)
	raw := append([]byte{1}, x.device[:]...)
	raw = append(append(raw, public...), make([]byte, 12)...)
	raw = append(append(raw, 4), "anna"...)
	x.cert = append(raw, ed25519.Sign(b.rootKey(), slices.Concat([]byte("bakfs/v1 device certificate\x00"), b.repo[:], raw))...)
	x.plain = func(p []byte, n int) {
		copy(p[n:], ed25519.Sign(private, append([]byte("bakfs/v1 journal entry\x00"), p[:n]...)))
	}
}

// rootKey derives the root's private key as FORMAT.md sections 3 and 4 say, apart from package seal.
func (b *bench) rootKey() ed25519.PrivateKey {
	var data []byte
	for i, c := range bytes.ReplaceAll(b.key.Text(), []byte(" "), nil) {
		if i%8 != 7 {
			data = append(data, c)
		}
	}
	raw, err := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").DecodeString(string(data))
	must(b.t, err)
	prk, err := hkdf.Extract(sha512.New, raw[1:33], append([]byte("bakfs/v1"), b.repo[:]...))
	must(b.t, err)
	seed, err := hkdf.Expand(sha512.New, prk, "bakfs/v1 root signing", 32)
	must(b.t, err)
	return ed25519.NewKeyFromSeed(seed)
}

func chainCases() []vectorCase {
	return []vectorCase{
		one("chain-prev-wrong", "the entry before is another one", func(b *bench, x *draft) { x.prev[0] ^= 1 }),
		one("chain-prev-zero", "names no entry before it", func(b *bench, x *draft) { x.prev = seal.Hash{} }),
		one("chain-gap", "entry 1 is missing before 2", func(b *bench, x *draft) { x.seq, x.number, x.prev = 2, 2, seal.Hash{7} }),
		{"chain-gap-first", "a log without its first entry", func(b *bench) {
			b.add(b.draft(b.a, Heartbeat, 1, seal.Hash{7}))
		}},
		{"chain-gap-damaged", "entry 1 is damaged, 2 and 4 are listed, 3 is missing", func(b *bench) {
			x := b.second(Heartbeat)
			x.file = flip(88)
			h := b.add(x)
			b.add(b.draft(b.a, Heartbeat, 2, h))
			b.add(b.draft(b.a, Heartbeat, 4, seal.Hash{7}))
		}},
		{"chain-fork", "two files of one number, and one that follows the second", func(b *bench) {
			ha, _ := b.start()
			b.add(b.draft(b.a, Heartbeat, 1, ha))
			h := b.add(b.draft(b.a, Heartbeat, 1, ha))
			b.add(b.draft(b.a, Heartbeat, 2, h))
		}},
		one("seen-pending", "saw bert's entries 1 and 3, which are not there", func(b *bench, x *draft) {
			x.seen = []Seen{{b.b.ID, 1, seal.Hash{1}}}
			y := b.draft(b.a, Heartbeat, 2, b.add(x))
			y.seen = []Seen{{b.b.ID, 3, seal.Hash{3}}}
			*x = *y
		}),
		one("seen-unknown-device", "saw a device whose log is not there", func(b *bench, x *draft) {
			x.seen = []Seen{{seal.DeviceID{5}, 1, seal.Hash{1}}}
		}),
		one("seen-other-version", "saw another first entry of bert", func(b *bench, x *draft) {
			x.seen = []Seen{{b.b.ID, 0, seal.Hash{1}}}
		}),
	}
}
