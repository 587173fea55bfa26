package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"bakfs/index"
	"bakfs/seal"
)

// A place to keep repositories in tests: one folder, its keys, and any number
// of devices, each with a cache of its own.
type repo struct {
	t      testing.TB
	dir    string
	keys   *seal.Keys
	folder *Folder
}

var testKeys = seal.DeriveRoot(seal.NewRecoveryKey(), seal.NewRepositoryID()).Keys()

func newRepo(t testing.TB) *repo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cloud")
	f, err := CreateFolder(dir)
	check(t, err)
	check(t, f.Finish())
	t.Cleanup(func() { f.Close() })
	return &repo{t: t, dir: dir, keys: testKeys, folder: f}
}

// open opens the store of a device, which is its cache's directory.
func (r *repo) open(cache string) *Store {
	r.t.Helper()
	s, err := Open(context.Background(), Options{Folder: r.folder, Keys: r.keys, Cache: cache, Tag: "feed"})
	check(r.t, err)
	r.t.Cleanup(func() { s.Close() })
	return s
}

// device returns the store of a new device.
func (r *repo) device() *Store { return r.open(r.t.TempDir()) }

// fill puts chunks of contents, flushes, closes, and returns their names.
func (r *repo) fill(cache string, contents ...[]byte) []seal.ID {
	r.t.Helper()
	s := r.open(cache)
	var ids []seal.ID
	for _, c := range contents {
		ids = append(ids, put(r.t, s, seal.Content, c))
	}
	check(r.t, s.Flush(context.Background()))
	check(r.t, s.Close())
	return ids
}

// packs returns the paths of all packs in the folder.
func (r *repo) packs() []string {
	r.t.Helper()
	var packs []string
	check(r.t, filepath.WalkDir(filepath.Join(r.dir, "packs"), func(path string, d iofs.DirEntry, err error) error {
		if err == nil && len(d.Name()) == 64 && !d.IsDir() {
			packs = append(packs, path)
		}
		return err
	}))
	return packs
}

// onlyPack returns the path and the name of the only pack.
func (r *repo) onlyPack() (string, seal.Hash) {
	r.t.Helper()
	packs := r.packs()
	if len(packs) != 1 {
		r.t.Fatalf("%d packs, want 1", len(packs))
	}
	b, err := hex.DecodeString(filepath.Base(packs[0]))
	check(r.t, err)
	return packs[0], seal.Hash(b)
}

// plant seals a plaintext as a pack, padding it, and puts it into the folder.
func (r *repo) plant(plaintext []byte) seal.Hash {
	r.t.Helper()
	size, err := seal.FileSize(seal.ClassPack, int64(len(plaintext)))
	check(r.t, err)
	full, err := seal.PlaintextSize(size)
	check(r.t, err)
	file, err := r.keys.Seal(seal.Place{Class: seal.ClassPack}, append(bytes.Clone(plaintext), make([]byte, full-int64(len(plaintext)))...))
	check(r.t, err)
	p, err := r.folder.Begin("packs", "plant")
	check(r.t, err)
	_, err = p.Write(file)
	check(r.t, err)
	name := p.sum()
	check(r.t, p.Commit(packPath(name)))
	return name
}

// packOf returns the plaintext of a pack of chunks whose entries mend may
// falsify. Offsets are set.
func packOf(stream uint8, stored [][]byte, mend func(i int, e *index.Entry), entries ...index.Entry) []byte {
	b := head{stream: stream, count: len(entries)}.append(nil)
	off := headSize + entrySize*len(entries)
	for i, e := range entries {
		e.Offset, e.Stored = uint32(off), uint32(len(stored[i]))
		off += len(stored[i])
		if mend != nil {
			mend(i, &e)
		}
		b = appendEntry(b, e)
	}
	for _, s := range stored {
		b = append(b, s...)
	}
	return b
}

func put(t testing.TB, s *Store, typ seal.ChunkType, b []byte) seal.ID {
	t.Helper()
	id, _, err := s.Put(context.Background(), typ, b)
	check(t, err)
	return id
}

func wantChunk(t testing.TB, s *Store, id seal.ID, typ seal.ChunkType, want []byte) {
	t.Helper()
	got, err := s.Get(context.Background(), id, typ)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Fatalf("chunk %x: got %d bytes that differ from the %d put", id[:4], len(got), len(want))
	}
}

// noise returns n bytes that no compressor shrinks, the same for each seed.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

// text returns n bytes that compress well, other ones for each seed.
func text(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	words := []string{"message", "folder", "backup", "the", "of", "and", "a", "quiet", "evening", "with", "photographs", "from", "spring"}
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", words[r.IntN(len(words))], r.IntN(1000))
	}
	return b.Bytes()[:n]
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	check(t, os.WriteFile(path, b, 0o600))
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	return b
}
