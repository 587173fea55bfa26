package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

func testSignalCache(t testing.TB) *signalCache {
	keys := seal.DeriveRoot(seal.NewRecoveryKey(), seal.NewRepositoryID()).Keys()
	c := &signalCache{path: filepath.Join(t.TempDir(), "signal"), keys: keys}
	c.read()
	return c
}

// A cache that is not as it was written is none; what it knows is never half of it.
func TestSignalCacheIsWholeOrNone(t *testing.T) {
	c := testSignalCache(t)
	c.add(seal.Hash{1}, [32]byte{2})
	c.proofs[seal.Hash{3}] = proof{profile: tag{4}}
	c.try([32]byte{5}, [32]byte{6})
	if err := c.save(); err != nil {
		t.Fatal(err)
	}
	again := &signalCache{path: c.path, keys: c.keys}
	if !again.read() || len(again.originals) != 1 || again.proofs[seal.Hash{3}].profile != (tag{4}) || !again.wasTried([32]byte{5}, [32]byte{6}) || again.wasTried([32]byte{5}, [32]byte{7}) {
		t.Fatalf("%+v", again)
	}
	whole, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, at int, b []byte) {
		t.Helper()
		if err := os.WriteFile(c.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if again.read() {
			t.Errorf("%s at %d is taken", what, at)
		}
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		refused("a flipped bit", i, flipped)
		refused("a cut", i, whole[:i])
	}
	other := testSignalCache(t)
	other.path = c.path
	if err := os.WriteFile(c.path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if other.read() {
		t.Error("a cache of another repository is taken")
	}
}

// FuzzSignalCache reads records that the right key has signed.
func FuzzSignalCache(f *testing.F) {
	c := testSignalCache(f)
	f.Add([]byte{})
	f.Add(append([]byte{recordOriginal}, make([]byte, 64)...))
	f.Add(append([]byte{recordProof}, make([]byte, 96)...))
	f.Add(append([]byte{recordTried}, make([]byte, 31)...))
	f.Fuzz(func(t *testing.T, records []byte) {
		b := append([]byte(signalCacheMagic), records...)
		sum := c.tag("cache", b)
		if err := os.WriteFile(c.path, append(b, sum[:]...), 0o600); err != nil {
			t.Fatal(err)
		}
		if c.read() && len(c.originals)+len(c.proofs)+len(c.tried) > len(records)/33 {
			t.Fatal("more than there is")
		}
		c.tried = nil
	})
}
