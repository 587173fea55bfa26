package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// The fixed secrets of the vectors: key bytes 0…31, repository bytes 16…31, device bytes 32…47.
func vectorKey() RecoveryKey { return RecoveryKey{hide((*[32]byte)(count(0, 32)))} }

var vectorRepository, vectorDevice = RepositoryID(count(16, 16)), DeviceID(count(32, 16))

func count(from byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

func vectors(t *testing.T) []vector {
	return slicesOf(keyVectors(), objectVectors(t), headerVectors(t), certificateVectors(t), deriveVectors(t), enrolmentVectors(t))
}

func slicesOf(lists ...[]vector) (all []vector) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func keyVectors() (all []vector) {
	text := string(vectorKey().Text())
	add := func(name, expect, comment, typed string) {
		all = append(all, vector{"key-" + name, expect, comment, [][2]string{{"key", hex.EncodeToString(vectorKey().get()[:])}}, []byte(typed)})
	}
	words := func() []string { return strings.Fields(text) }
	edit := func(f func(w []string)) string {
		w := words()
		f(w)
		return strings.Join(w, " ")
	}
	add("good", "good", "as shown", text)
	add("upper", "good", "upper case, hyphens, a line end", strings.ToUpper(strings.ReplaceAll(text, " ", "-"))+"\r\n")
	add("look-alikes", "good", "O for 0, I for 1", strings.NewReplacer("0", "O", "1", "I").Replace(text))
	add("look-alike-l", "good", "o for 0, l for 1", strings.NewReplacer("0", "o", "1", "l").Replace(text))
	add("empty", "group 0", "nothing is typed", "")
	add("one-wrong", "group 3", "one character of group 3 is wrong", edit(func(w []string) { w[2] = "z" + w[2][1:] }))
	add("check-wrong", "group 8", "the last check symbol is wrong", text[:70]+string(alphabet[(strings.IndexByte(alphabet, text[70])+1)%32]))
	add("swapped", "group 4", "two characters of group 4 are swapped", edit(func(w []string) { w[3] = w[3][1:2] + w[3][:1] + w[3][2:] }))
	add("groups-swapped", "group 2", "groups 2 and 6 are swapped", edit(func(w []string) { w[1], w[5] = w[5], w[1] }))
	add("letter-u", "group 5", "u is no character of a key", edit(func(w []string) { w[4] = w[4][:7] + "u" }))
	add("not-ascii", "group 1", "a no-break space behind group 1's first character", text[:1]+"\u00a0"+text[1:])
	add("missing", "group 6", "a character of group 6 is missing", edit(func(w []string) { w[5] = w[5][1:] }))
	add("short", "group 8", "group 8 is missing", text[:62])
	add("twice", "group 0", "the key twice", text+" "+text)
	payload := vectorKey().payload()
	payload[34] ^= 1
	add("checksum", "group 0", "all groups hold, the checksum does not", string(spell(&payload)))
	payload[0] = 2
	sum := keyChecksum(payload[:33])
	copy(payload[33:], sum[:])
	add("version-2", "group 0", "version 2 with its checksum", string(spell(&payload)))
	return all
}

// objectMaker makes objects with fixed salts.
type objectMaker struct {
	t   *testing.T
	all []vector
}

var vectorPlace = Place{Class: ClassEntry, Pseudonym: Pseudonym(count(64, 16)), Seq: 5}

func (m *objectMaker) seal(k *Keys, p Place, size int64, salt byte) []byte {
	n, err := PlaintextSize(size)
	if err != nil {
		m.t.Fatal(err)
	}
	file, err := k.seal(p, [saltSize]byte(count(salt, saltSize)), fill(n, uint64(salt)))
	if err != nil {
		m.t.Fatal(err)
	}
	return file
}

// add adds a file that is opened at place p by the vectors' key with epochs up to newest.
func (m *objectMaker) add(name, expect, comment string, p Place, newest int, file []byte) {
	in := [][2]string{
		{"key", hex.EncodeToString(vectorKey().get()[:])}, {"repository", vectorRepository.String()}, {"newest epoch", strconv.Itoa(newest)},
		{"class", strconv.Itoa(int(p.Class))}, {"epoch", strconv.Itoa(int(p.Epoch))}, {"pseudonym", p.Pseudonym.String()},
		{"seq", strconv.FormatUint(p.Seq, 10)},
	}
	if expect == "good" {
		plaintext, err := DeriveRoot(vectorKey(), vectorRepository).keysTo(uint32(newest)).Open(p, file)
		if err != nil {
			m.t.Fatal(err)
		}
		in = append(in, [2]string{"plaintext", fmt.Sprintf("%x", sha256.Sum256(plaintext))})
	}
	m.all = append(m.all, vector{"object-" + name, expect, comment, in, file})
}

// changed returns a copy of a file with a change.
func changed(file []byte, f func([]byte)) []byte {
	c := bytes.Clone(file)
	f(c)
	return c
}

func objectVectors(t *testing.T) []vector {
	m := &objectMaker{t: t}
	root := DeriveRoot(vectorKey(), vectorRepository)
	k, p := root.keysTo(1), vectorPlace
	small, large := m.seal(k, p, 4096, 1), m.seal(k, p, 65536, 2)
	block := func(file []byte, i int) []byte { return file[objectHead+i*sealedBlock:][:sealedBlock] }
	m.add("good-entry", "good", "the smallest entry", p, 0, small)
	m.add("good-blocks", "good", "an entry of four blocks", p, 0, large)
	m.add("good-pack", "good", "the smallest pack", Place{Class: ClassPack}, 0, m.seal(k, Place{Class: ClassPack}, 65536, 3))
	second := Place{Class: ClassEntry, Epoch: 1, Pseudonym: p.Pseudonym, Seq: 1<<64 - 1}
	file := m.seal(k, second, 4096, 4)
	m.add("good-epoch-1", "good", "an entry of epoch 1 with the largest number", second, 1, file)
	m.add("epoch-not-held", "key", "an entry of epoch 1, read with the keys of epoch 0", second, 0, file)
	other := p
	other.Seq++
	m.add("other-seq", "key", "a good entry served under the next number", other, 0, small)
	other = p
	other.Pseudonym[0]++
	m.add("other-pseudonym", "key", "a good entry served in another device's folder", other, 0, small)
	m.add("other-class", "key", "an entry served as a pack", Place{Class: ClassPack}, 0, large)
	m.add("pack-in-journal", "key", "a pack served as an entry", p, 0, m.seal(k, Place{Class: ClassPack}, 65536, 5))
	m.add("pack-with-seq", "key", "a pack opened with a number", Place{Class: ClassPack, Seq: 1}, 0, m.seal(k, Place{Class: ClassPack}, 65536, 6))
	m.add("other-repository", "key", "an entry of another repository with the same key", p, 0,
		m.seal(DeriveRoot(vectorKey(), RepositoryID{1}).Keys(), p, 4096, 7))
	m.add("other-key", "key", "an entry of another recovery key", p, 0, m.seal(DeriveRoot(keyFrom(random(1)), vectorRepository).Keys(), p, 4096, 8))
	flip := func(at int) []byte { return changed(small, func(b []byte) { b[at] ^= 1 }) }
	m.add("salt", "key", "a bit of the salt flipped", p, 0, flip(HeaderSize))
	m.add("commitment", "key", "a bit of the commitment flipped", p, 0, flip(HeaderSize+saltSize+31))
	m.add("block", "tampered", "a bit of block 0 flipped", p, 0, flip(objectHead))
	m.add("tag", "tampered", "a bit of the last tag flipped", p, 0, flip(4095))
	m.add("last-block", "tampered", "a bit of the last of four blocks flipped", p, 0, changed(large, func(b []byte) { b[65535] ^= 0x80 }))
	m.add("empty", "tampered", "an empty file", p, 0, nil)
	m.add("header-only", "tampered", "a file of 88 bytes", p, 0, small[:objectHead])
	m.add("cut-at-block", "tampered", "cut behind block 1", p, 0, large[:objectHead+2*sealedBlock])
	m.add("cut-to-class", "tampered", "cut to the next smaller size of the class", p, 0, large[:32768])
	m.add("cut-by-one", "tampered", "the last byte missing", p, 0, small[:4095])
	m.add("longer", "tampered", "one byte more", p, 0, append(bytes.Clone(small), 0))
	m.add("longer-to-class", "tampered", "zeros up to the next size of the class", p, 0, append(bytes.Clone(small), make([]byte, 4096)...))
	m.add("blocks-swapped", "tampered", "blocks 0 and 1 swapped", p, 0, changed(large, func(b []byte) {
		copy(block(b, 0), block(large, 1))
		copy(block(b, 1), block(large, 0))
	}))
	m.add("block-twice", "tampered", "block 0 in the place of block 1", p, 0, changed(large, func(b []byte) { copy(block(b, 1), block(large, 0)) }))
	m.add("block-of-another", "tampered", "block 1 of another object of the same place", p, 0,
		changed(large, func(b []byte) { copy(block(b, 1), block(m.seal(k, p, 65536, 9), 1)) }))
	return m.all
}

func headerVectors(t *testing.T) []vector {
	m := &objectMaker{t: t}
	k, p := DeriveRoot(vectorKey(), vectorRepository).keysTo(1), vectorPlace
	small := m.seal(k, p, 4096, 20)
	set := func(at int, v ...byte) []byte { return changed(small, func(b []byte) { copy(b[at:], v) }) }
	m.add("header-magic", "tampered", "the magic is BAKFT", p, 0, set(4, 'T'))
	m.add("header-version-2", "version", "format version 2", p, 0, set(5, 2))
	m.add("header-class-3", "version", "class 3, which is reserved", p, 0, set(6, 3))
	m.add("header-flags", "version", "a flag is set", p, 0, set(7, 1))
	m.add("header-epoch-1000", "tampered", "epoch 1000", p, 0, set(8, 0, 0, 3, 0xe8))
	m.add("header-padding", "tampered", "the last byte of the header is not zero", p, 0, set(31, 1))
	m.add("header-repository", "key", "another repository in the header", p, 0, set(12, 0xff))
	at1 := p
	at1.Epoch = 1
	m.add("header-epoch", "key", "epoch 1 written into the header and asked for", at1, 1, set(11, 1))
	pack := m.seal(k, Place{Class: ClassPack}, 65536, 21)
	m.add("header-class", "key", "class 2 written into a pack's header", Place{Class: ClassEntry}, 0, changed(pack, func(b []byte) { b[6] = 2 }))
	foreign := m.seal(DeriveRoot(vectorKey(), RepositoryID{1}).Keys(), p, 4096, 22)
	m.add("header-adopted", "key", "an entry of another repository with this one's header", p, 0,
		changed(foreign, func(b []byte) { copy(b, small[:HeaderSize]) }))
	return m.all
}

func certificateVectors(t *testing.T) (all []vector) {
	root := DeriveRoot(vectorKey(), vectorRepository)
	device := func(r *Root) *Device {
		d, err := r.enrol(vectorDevice, [32]byte(count(48, 32)), "Zoë's laptop", 1_780_000_000_000_000_001)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := device(root)
	raw, message := d.Certificate().Bytes(), "an entry"
	add := func(name, expect, comment string, raw []byte, sig []byte) {
		c := d.Certificate()
		all = append(all, vector{"certificate-" + name, expect, comment, [][2]string{
			{"key", hex.EncodeToString(vectorKey().get()[:])}, {"repository", vectorRepository.String()}, {"device", c.Device.String()},
			{"public", hex.EncodeToString(c.Public[:])}, {"epoch", "0"}, {"time", strconv.FormatInt(c.Time, 10)}, {"name", c.Name},
			{"message", message}, {"signature", hex.EncodeToString(sig)},
		}, raw})
	}
	sig := d.Sign([]byte(message))
	again := func(f func([]byte) []byte) []byte {
		b := f(bytes.Clone(raw[:len(raw)-64]))
		return append(b, sign(root.get().signing, labelCertificate, vectorRepository[:], b)...)
	}
	set := func(at int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = v; return b }
	}
	add("good", "good", "a certificate and a signed entry", raw, sig)
	add("signature", "tampered", "a bit of the root's signature flipped", changed(raw, func(b []byte) { b[len(b)-1] ^= 1 }), sig)
	add("name-changed", "tampered", "the name changed", changed(raw, func(b []byte) { b[62] = 'X' }), sig)
	add("public-changed", "tampered", "a bit of the public key flipped", changed(raw, func(b []byte) { b[17] ^= 1 }), sig)
	add("other-root", "tampered", "signed by the root of another recovery key", device(DeriveRoot(keyFrom(random(1)), vectorRepository)).Certificate().Bytes(), sig)
	add("other-repository", "tampered", "of another repository with the same key", device(DeriveRoot(vectorKey(), RepositoryID{1})).Certificate().Bytes(), sig)
	signed := append(bytes.Clone(vectorRepository[:]), raw[:len(raw)-64]...)
	add("label", "tampered", "signed under the label of entries", append(raw[:len(raw)-64:len(raw)-64], sign(root.get().signing, labelEntry, signed)...), sig)
	add("self-signed", "tampered", "signed by the device itself", append(raw[:len(raw)-64:len(raw)-64], sign(d.get().signing, labelCertificate, signed)...), sig)
	add("cut", "tampered", "the last byte missing", raw[:len(raw)-1], sig)
	add("trailing", "tampered", "one byte more", append(bytes.Clone(raw), 0), sig)
	add("version-2", "version", "version 2, signed", again(set(0, 2)), sig)
	add("no-name", "tampered", "an empty name, signed", again(func(b []byte) []byte { b[61] = 0; return b[:62] }), sig)
	add("name-not-utf8", "tampered", "a name that is not UTF-8, signed", again(set(62, 0xff)), sig)
	add("epoch-1000", "tampered", "epoch 1000, signed", again(func(b []byte) []byte { binary.BigEndian.PutUint32(b[49:], 1000); return b }), sig)
	add("entry-label", "tampered", "an entry signed under the label of certificates", raw, sign(d.get().signing, labelCertificate, []byte(message)))
	add("entry-no-label", "tampered", "an entry signed without a label", raw, sign(d.get().signing, "", []byte(message)))
	add("entry-by-root", "tampered", "an entry signed by the root", raw, sign(root.get().signing, labelEntry, []byte(message)))
	add("entry-signature-short", "tampered", "an entry's signature of 63 bytes", raw, sig[:63])
	return all
}

func deriveVectors(t *testing.T) (all []vector) {
	base := inputs{"key": hex.EncodeToString(vectorKey().get()[:]), "repository": vectorRepository.String(), "epoch": "0", "type": "1", "device": vectorDevice.String()}
	add := func(name, expect, comment, what string, as, read map[string]string) {
		in := func(change map[string]string) inputs {
			c := inputs{"what": what}
			for _, m := range []map[string]string{base, change} {
				for k, v := range m {
					c[k] = v
				}
			}
			return c
		}
		header := [][2]string{}
		for _, k := range []string{"what", "key", "repository", "epoch", "type", "device"} {
			header = append(header, [2]string{k, in(read)[k]})
		}
		all = append(all, vector{"derive-" + name, expect, comment, header, derived(t, in(as))})
	}
	same := map[string]string{}
	for _, what := range []string{"prk", "root", "name", "cut", "epoch", "object", "journal", "pseudonym"} {
		add(what, "good", "the "+what+" key of section 4 (root: its public key)", what, same, same)
		add(what+"-other-repository", "differs", "the "+what+" key of another repository", what, map[string]string{"repository": RepositoryID{1}.String()}, same)
	}
	one := map[string]string{"epoch": "1"}
	for _, what := range []string{"epoch", "object", "journal", "pseudonym"} {
		add(what+"-1", "good", "the "+what+" key of epoch 1", what, one, one)
		add(what+"-other-epoch", "differs", "the "+what+" key of epoch 1 for that of epoch 0", what, one, same)
	}
	add("chunk", "good", "the name of a chunk whose content is the four bytes data", "chunk data", same, same)
	add("chunk-tree", "good", "the same as a tree node", "chunk data", map[string]string{"type": "2"}, map[string]string{"type": "2"})
	add("chunk-other-type", "differs", "the name of an extent list for that of content", "chunk data", map[string]string{"type": "3"}, same)
	add("chunk-other-key", "differs", "the name under another recovery key", "chunk data", map[string]string{"key": strings.Repeat("11", 32)}, same)
	add("device", "good", "the pseudonym of a device", "device", same, same)
	add("device-other", "differs", "the pseudonym of another device", "device", map[string]string{"device": strings.Repeat("22", 16)}, same)
	return all
}

func enrolmentVectors(t *testing.T) (all []vector) {
	root := DeriveRoot(vectorKey(), vectorRepository)
	device := func(seed byte) *Device {
		d, err := root.enrol(vectorDevice, [32]byte(count(seed, 32)), "laptop", 1)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	add := func(name, expect, comment string, b []byte) {
		all = append(all, vector{"enrolment-" + name, expect, comment,
			[][2]string{{"repository", vectorRepository.String()}, {"device", vectorDevice.String()}}, b})
	}
	good := MarshalEnrolment(root.Keys(), device(48))
	edit := func(f func([]byte) []byte) []byte { return resum(f(bytes.Clone(good))) }
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	add("good", "good", "a device with one epoch", good)
	add("good-epochs", "good", "a device with three epochs", MarshalEnrolment(root.keysTo(2), device(48)))
	add("empty", "tampered", "an empty file", nil)
	add("magic", "tampered", "another magic", edit(set(0, 'X')))
	add("version-2", "version", "version 2", edit(set(12, 2)))
	add("flipped", "tampered", "a bit of the name key flipped", changed(good, func(b []byte) { b[13+16] ^= 1 }))
	add("checksum", "tampered", "a bit of the checksum flipped", changed(good, func(b []byte) { b[len(b)-1] ^= 1 }))
	add("cut", "tampered", "the last byte missing", good[:len(good)-1])
	add("trailing", "tampered", "one byte more behind the certificate, with its checksum", edit(func(b []byte) []byte { return append(b[:len(b)-32], make([]byte, 33)...) }))
	add("no-epoch", "tampered", "no epoch", edit(set(enrolmentFixed-2, 0, 0)))
	add("epochs-1001", "tampered", "1001 epochs", MarshalEnrolment(root.keysTo(1000), device(48)))
	add("epochs-more", "tampered", "more epochs than bytes", edit(set(enrolmentFixed-2, 0, 200)))
	add("other-repository", "tampered", "another repository, with its checksum", edit(set(13, 0)))
	add("other-root", "tampered", "another root key, with its checksum", edit(set(13+16+64, 0)))
	add("other-seed", "tampered", "the private key of another device, with its checksum", edit(set(enrolmentFixed-34, device(49).get().signing.Seed()...)))
	add("certificate", "tampered", "a bit of the certificate flipped, with its checksum", edit(func(b []byte) []byte { b[len(b)-33] ^= 1; return b }))
	return all
}
