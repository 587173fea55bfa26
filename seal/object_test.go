package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// testKeys are the keys of a fixed recovery key and repository, with two epochs.
func testKeys() *Keys { return testRoot().keysTo(1) }

func testRoot() *Root { return DeriveRoot(keyFrom(random(100)), RepositoryID{1, 2, 3}) }

// fill returns bytes that repeat from run to run.
func fill(n int64, seed uint64) []byte {
	r, b := random(seed), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// sealed returns a file of the size and its plaintext.
func sealed(t testing.TB, k *Keys, p Place, fileSize int64) (file, plaintext []byte) {
	t.Helper()
	n, err := PlaintextSize(fileSize)
	if err != nil {
		t.Fatal(err)
	}
	plaintext = fill(n, uint64(fileSize))
	if file, err = k.Seal(p, plaintext); err != nil {
		t.Fatal(err)
	}
	return file, plaintext
}

// openByReader opens a file through Reader, all of it.
func openByReader(k *Keys, p Place, file []byte) ([]byte, error) {
	r, err := k.NewReader(bytes.NewReader(file), int64(len(file)), p)
	if err != nil {
		return nil, err
	}
	b := make([]byte, r.Size())
	_, err = r.ReadAt(b, 0)
	return b, err
}

// refused fails the test unless Open and Reader both refuse the file with an error of the package.
func refused(t *testing.T, k *Keys, p Place, file []byte, what string, args ...any) {
	t.Helper()
	_, err := k.Open(p, file)
	_, rerr := openByReader(k, p, file)
	for _, e := range []error{err, rerr} {
		if !errors.Is(e, ErrTampered) && !errors.Is(e, ErrKey) && !errors.Is(e, ErrVersion) {
			t.Fatalf("%s: Open says %v, Reader says %v", fmt.Sprintf(what, args...), err, rerr)
		}
	}
}

var entryPlace = Place{Class: ClassEntry, Pseudonym: Pseudonym{7}, Seq: 9}

func TestSealedObjectsOpen(t *testing.T) {
	k := testKeys()
	for _, p := range []Place{
		{Class: ClassPack}, {Class: ClassPack, Epoch: 1}, entryPlace, {Class: ClassEntry, Epoch: 1, Seq: 1<<64 - 1},
	} {
		least, most, _ := p.Class.sizes()
		for e := least; e <= min(most, 19); e++ {
			file, plaintext := sealed(t, k, p, 1<<e)
			h, err := ParseHeader(file)
			if len(file) != 1<<e || err != nil || h != (Header{p.Class, p.Epoch, k.Repository()}) {
				t.Fatalf("%v: file of %d bytes, header %v, %v", p, len(file), h, err)
			}
			got, err := k.Open(p, file)
			if err != nil || !bytes.Equal(got, plaintext) {
				t.Fatalf("%v, 2^%d: Open: %v", p, e, err)
			}
			got, err = openByReader(k, p, file)
			if err != nil || !bytes.Equal(got, plaintext) {
				t.Fatalf("%v, 2^%d: Reader: %v", p, e, err)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for file, want := range map[int64]int64{65536: 65384, 1 << 24: 16760760, 4096: 3992, 1 << 20: 1047464} {
		if got, err := PlaintextSize(file); got != want || err != nil {
			t.Errorf("P(%d) = %d, %v", file, got, err)
		}
	}
	for _, c := range []Class{ClassPack, ClassEntry} {
		least, most, _ := c.sizes()
		for e := least; e <= most; e++ {
			holds, err := PlaintextSize(1 << e)
			if err != nil || holds%blockSize == 0 || objectHead+bodySize(holds) != 1<<e {
				t.Errorf("2^%d holds %d, %v", e, holds, err)
			}
			if got, err := FileSize(c, holds); got != 1<<e || err != nil {
				t.Errorf("FileSize(%d, %d) = %d, %v", c, holds, got, err)
			}
			got, err := FileSize(c, holds+1)
			if e < most && (got != 2<<e || err != nil) || e == most && err == nil {
				t.Errorf("FileSize(%d, %d) = %d, %v", c, holds+1, got, err)
			}
		}
		if got, err := FileSize(c, 0); got != 1<<least || err != nil {
			t.Errorf("FileSize(%d, 0) = %d, %v", c, got, err)
		}
		if _, err := FileSize(c, -1); err == nil {
			t.Errorf("FileSize(%d, -1) gives no error", c)
		}
	}
	for _, n := range []int64{-1 << 63, -4096, 0, 1, 2048, 4095, 4097, 12288, 1<<24 + 1, 1 << 25, 1 << 62} {
		if got, err := PlaintextSize(n); !errors.Is(err, ErrTampered) {
			t.Errorf("P(%d) = %d, %v", n, got, err)
		}
	}
	if _, err := FileSize(3, 0); err == nil {
		t.Error("class 3 has sizes")
	}
}

func TestUnpaddedPlaintextIsNotSealed(t *testing.T) {
	k := testKeys()
	for _, n := range []int{0, 1, 3991, 3993, 65384} {
		if _, err := k.Seal(Place{Class: ClassEntry}, make([]byte, n)); (err == nil) != (n == 65384) {
			t.Errorf("entry of %d: %v", n, err)
		}
	}
	if _, err := k.Seal(Place{Class: ClassPack}, make([]byte, 3992)); err == nil {
		t.Error("a pack of 4096 bytes is sealed")
	}
	pseudonym := Pseudonym{1}
	for _, p := range []Place{
		{}, {Class: 3}, {Class: ClassPack, Seq: 1}, {Class: ClassPack, Pseudonym: pseudonym}, {Class: ClassEntry, Epoch: 2},
	} {
		if _, err := k.Seal(p, make([]byte, 65384)); err == nil {
			t.Errorf("%v is sealed", p)
		}
		if _, err := k.NewWriter(io.Discard, p); err == nil {
			t.Errorf("%v has a writer", p)
		}
	}
}

func TestEveryFlippedByteIsRefused(t *testing.T) {
	k := testKeys()
	for _, size := range []int64{4096, 32768} {
		file, _ := sealed(t, k, entryPlace, size)
		for i := range file {
			// Every byte of the small file; of the large one all near a border and every fifth between.
			if size > 4096 && i%5 != 0 && (i-objectHead+100)%sealedBlock > 200 {
				continue
			}
			file[i] ^= 1 << (i % 8)
			refused(t, k, entryPlace, file, "byte %d of %d flipped", i, size)
			file[i] ^= 1 << (i % 8)
		}
		for i := range 88 + 32 {
			for bit := range 8 {
				file[i] ^= 1 << bit
				refused(t, k, entryPlace, file, "bit %d of byte %d flipped", bit, i)
				file[i] ^= 1 << bit
			}
		}
		if _, err := k.Open(entryPlace, file); err != nil {
			t.Fatal("the test does not restore the file: ", err)
		}
	}
}

func TestEveryOtherLengthIsRefused(t *testing.T) {
	k := testKeys()
	file, _ := sealed(t, k, entryPlace, 32768)
	longer := append(file[:32768:32768], make([]byte, 32768)...)
	for n := range longer {
		if n != len(file) {
			refused(t, k, entryPlace, longer[:n], "%d bytes", n)
		}
	}
	refused(t, k, entryPlace, longer, "zeros up to the next size")
	refused(t, k, entryPlace, append(file[:32768:32768], file...), "the file twice")
}

// The seal itself refuses every length, without the help of the size classes.
func TestEveryOtherBodyIsRefused(t *testing.T) {
	key, salt, context := fill(32, 1), fill(saltSize, 2), fill(contextSize, 3)
	for _, n := range []int64{0, 1, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize} {
		body, err := sealBody(nil, key, salt, context, fill(n, 4))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := openBody(key, context, body); err != nil || int64(len(got)) != n {
			t.Fatalf("%d bytes: %v", n, err)
		}
		longer := append(body[:len(body):len(body)], make([]byte, 40)...)
		for m := range longer {
			near := m%sealedBlock < 200 || m > len(body)-40
			if m == len(body) || !near {
				continue
			}
			if _, err := openBody(key, context, longer[:m]); err == nil {
				t.Fatalf("%d of %d bytes open", m, len(body))
			}
		}
	}
}

func TestAnObjectOpensOnlyAtItsPlace(t *testing.T) {
	k := testKeys()
	at := Place{Class: ClassEntry, Epoch: 1, Pseudonym: Pseudonym{5}, Seq: 3}
	file, _ := sealed(t, k, at, 65536)
	pack, _ := sealed(t, k, Place{Class: ClassPack}, 65536)
	for name, other := range map[string]Place{
		"class":     {Class: ClassPack, Epoch: 1},
		"epoch":     {Class: ClassEntry, Epoch: 0, Pseudonym: Pseudonym{5}, Seq: 3},
		"no epoch":  {Class: ClassEntry, Epoch: 2, Pseudonym: Pseudonym{5}, Seq: 3},
		"pseudonym": {Class: ClassEntry, Epoch: 1, Pseudonym: Pseudonym{6}, Seq: 3},
		"seq":       {Class: ClassEntry, Epoch: 1, Pseudonym: Pseudonym{5}, Seq: 2},
	} {
		if _, err := k.Open(other, file); !errors.Is(err, ErrKey) {
			t.Errorf("other %s: Open: %v", name, err)
		}
		if _, err := openByReader(k, other, file); !errors.Is(err, ErrKey) {
			t.Errorf("other %s: Reader: %v", name, err)
		}
	}
	others := map[string]*Keys{
		"recovery key": DeriveRoot(keyFrom(random(101)), k.Repository()).keysTo(1),
		"repository":   DeriveRoot(keyFrom(random(100)), RepositoryID{9}).keysTo(1),
	}
	for name, other := range others {
		if _, err := other.Open(at, file); !errors.Is(err, ErrKey) {
			t.Errorf("other %s: %v", name, err)
		}
		if _, err := other.Open(Place{Class: ClassPack}, pack); !errors.Is(err, ErrKey) {
			t.Errorf("other %s: pack: %v", name, err)
		}
	}
	if _, err := k.Open(Place{Class: ClassPack, Seq: 1}, pack); !errors.Is(err, ErrKey) {
		t.Errorf("a pack with a number: %v", err)
	}
}

func TestNoTwoObjectsShareBytes(t *testing.T) {
	k := testKeys()
	a, plaintext := sealed(t, k, Place{Class: ClassPack}, 65536)
	b, err := k.Seal(Place{Class: ClassPack}, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i := HeaderSize; i < len(a); i++ {
		if a[i] == b[i] {
			same++
		}
	}
	if same > len(a)/100 { // by chance one in 256
		t.Fatalf("%d of %d bytes are equal", same, len(a))
	}
}

func TestTagsTellThingsLabelsAndRepositoriesApart(t *testing.T) {
	k := testKeys()
	other := DeriveRoot(keyFrom(random(100)), RepositoryID{9}).Keys()
	seen := map[[32]byte]bool{k.Tag("a", []byte("b")): true}
	for _, tag := range [][32]byte{k.Tag("a", []byte("c")), k.Tag("ab", nil), k.Tag("", []byte("ab")), other.Tag("a", []byte("b")), k.Name(0, []byte("a\x00b"))} {
		if seen[tag] {
			t.Error("two are equal")
		}
		seen[tag] = true
	}
	if !seen[testKeys().Tag("a", []byte("b"))] {
		t.Error("not the same again")
	}
}
