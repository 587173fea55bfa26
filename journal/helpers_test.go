package journal

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bakfs/seal"
	"bakfs/store"
)

var (
	noon = time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC)
	ctx  = context.Background()
)

// A world is a repository and those who write in it.
type world struct {
	t    testing.TB
	key  seal.RecoveryKey
	repo seal.RepositoryID
	root *seal.Root
	keys *seal.Keys
	dir  string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, key: seal.NewRecoveryKey(), repo: seal.NewRepositoryID()}
	w.root = seal.DeriveRoot(w.key, w.repo)
	w.keys = w.root.Keys()
	w.dir = newFolder(t)
	return w
}

// newFolder makes what store.OpenFolder asks for; store.CreateFolder syncs each
// step, which is slow for a hundred folders.
func newFolder(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repo")
	for _, name := range []string{"packs", "journal"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	return dir
}

func (w *world) enrol(name string) *seal.Device {
	w.t.Helper()
	d, err := w.root.Enrol(name, noon)
	must(w.t, err)
	return d
}

// open gives a journal that has read nothing.
func (w *world) open() *Journal {
	w.t.Helper()
	f, err := store.OpenFolder(w.dir)
	must(w.t, err)
	w.t.Cleanup(func() { f.Close() })
	return Open(f, w.keys)
}

func (w *world) append(j *Journal, d *seal.Device, k Kind, payload []byte) Entry {
	w.t.Helper()
	e, err := j.Append(ctx, d, k, payload, noon)
	must(w.t, err)
	return e
}

func (w *world) log(d *seal.Device) string {
	return filepath.Join(w.dir, "journal", w.keys.Pseudonym(d.ID).String())
}

// path is where an entry's file lies on the disk.
func (w *world) path(e Entry) string {
	return filepath.Join(w.dir, placeOf(w.keys.Pseudonym(e.Device), e.Seq, e.Hash).path())
}

func refresh(t testing.TB, j *Journal) []Problem {
	t.Helper()
	problems, err := j.Refresh(ctx)
	must(t, err)
	return problems
}

func clean(t testing.TB, j *Journal) {
	t.Helper()
	for _, p := range refresh(t, j) {
		t.Errorf("problem: %s: %v", p.Name, p.Err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A draft is an entry's file in the making; each step can be falsified.
type draft struct {
	content
	signer *seal.Device
	owner  *seal.Device          // whose log it lies in
	number uint64                // its number there
	signed func(b []byte) []byte // changes what is signed
	plain  func(b []byte, n int) // changes the plaintext; n: length of the signed part
	file   func(b []byte) []byte // changes the file, before it gets its name
	size   int64                 // of the file; 0: the smallest
	keys   *seal.Keys            // that seal it
	name   func(p place) place   // changes its name
}

// draft is a good entry of d.
func (w *world) draft(d *seal.Device, k Kind, seq uint64, prev seal.Hash) *draft {
	return &draft{
		content: content{
			kind: k, repository: w.repo, device: d.ID, seq: seq, prev: prev,
			time: noon.UnixNano(), cert: d.Certificate().Bytes(),
		},
		signer: d, owner: d, number: seq, keys: w.keys,
	}
}

// make returns the path in the folder, the bytes, and their hash.
func (x *draft) make(t testing.TB) (string, []byte, seal.Hash) {
	t.Helper()
	signed := x.appendSigned(nil)
	if x.signed != nil {
		signed = x.signed(signed)
	}
	size := x.size
	if size == 0 {
		var err error
		size, err = seal.FileSize(seal.ClassEntry, int64(len(signed)+sigSize))
		must(t, err)
	}
	room, err := seal.PlaintextSize(size)
	must(t, err)
	plain := make([]byte, room)
	copy(plain[copy(plain, signed):], x.signer.Sign(signed))
	if x.plain != nil {
		x.plain(plain, len(signed))
	}
	return x.seal(t, plain)
}

func (x *draft) seal(t testing.TB, plain []byte) (string, []byte, seal.Hash) {
	t.Helper()
	pseudonym := x.keys.Pseudonym(x.owner.ID)
	raw, err := x.keys.Seal(seal.Place{Class: seal.ClassEntry, Pseudonym: pseudonym, Seq: x.number}, plain)
	must(t, err)
	if x.file != nil {
		raw = x.file(raw)
	}
	h := seal.Hash(sha256.Sum256(raw))
	p := placeOf(pseudonym, x.number, h)
	if x.name != nil {
		p = x.name(p)
	}
	return p.path(), raw, h
}

// put makes the entry and writes it into the folder.
func (w *world) put(x *draft) seal.Hash {
	w.t.Helper()
	name, raw, h := x.make(w.t)
	write(w.t, w.dir, name, raw)
	return h
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	full := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(full), 0o700))
	must(t, os.WriteFile(full, data, 0o600))
}
