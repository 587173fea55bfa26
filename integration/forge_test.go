package integration

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// A forge is a repository whose keys the test holds: it can seal and sign anything, as
// a hostile device can.
type forge struct {
	t      tb
	dir    string
	key    seal.RecoveryKey
	root   *seal.Root
	keys   *seal.Keys
	device *seal.Device
	folder *store.Folder
	log    *journal.Journal
}

// newForge makes a repository with one device.
func newForge(t tb, key seal.RecoveryKey) *forge {
	t.Helper()
	l := &forge{t: t, dir: filepath.Join(tempDir(t), "cloud"), key: key, root: seal.DeriveRoot(key, seal.NewRepositoryID())}
	l.keys = l.root.Keys()
	var err error
	l.folder, err = store.CreateFolder(l.dir)
	check(t, err)
	check(t, l.folder.Finish())
	t.Cleanup(func() { l.folder.Close() })
	l.log = journal.Open(l.folder, l.keys)
	l.enrol("forge")
	return l
}

// enrol makes a device; what follows is written by it.
func (l *forge) enrol(name string) {
	l.t.Helper()
	var err error
	l.device, err = l.root.Enrol(name, time.Unix(1_700_000_000, 0))
	check(l.t, err)
	l.append(journal.Enrol, nil)
}

func (l *forge) append(k journal.Kind, payload []byte) seal.Hash {
	l.t.Helper()
	e, err := l.log.Append(context.Background(), l.device, k, payload, time.Now())
	check(l.t, err)
	return e.Hash
}

// open opens the store with a local index in cache.
func (l *forge) open(cache string) *store.Store {
	l.t.Helper()
	st, err := store.Open(context.Background(), store.Options{Folder: l.folder, Keys: l.keys, Cache: cache, Tag: l.keys.Pseudonym(l.device.ID).String()})
	check(l.t, err)
	return st
}

// backup makes a snapshot of src with a new index.
func (l *forge) backup(src string) snapshot.Info {
	l.t.Helper()
	st := l.open(tempDir(l.t))
	r, err := snapshot.Create(context.Background(), st, l.log, l.device, snapshot.Options{Keys: l.keys, Sources: []string{src}})
	check(l.t, err)
	check(l.t, st.Close())
	return r.Info
}

// puts stores chunks and returns their names.
func (l *forge) puts(t seal.ChunkType, chunks ...[]byte) []seal.ID {
	l.t.Helper()
	st := l.open(tempDir(l.t))
	var ids []seal.ID
	for _, c := range chunks {
		id, _, err := st.Put(context.Background(), t, c)
		check(l.t, err)
		ids = append(ids, id)
	}
	check(l.t, st.Flush(context.Background()))
	check(l.t, st.Close())
	return ids
}

// put stores one chunk.
func (l *forge) put(t seal.ChunkType, chunk []byte) seal.ID { l.t.Helper(); return l.puts(t, chunk)[0] }

// snapshot enters a snapshot of the source /s with a root of any kind, and numbers
// of any size.
func (l *forge) snapshot(root seal.ID, count uint64) string {
	l.t.Helper()
	b := []byte{1, 1, 0, 0}
	b = binary.BigEndian.AppendUint64(b, 1)
	b = binary.BigEndian.AppendUint64(b, 2)
	b = append(b, root[:]...)
	for _, n := range []uint64{count, 0, 0, 0, 0, 0, 0} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(b, 0, 1, 0, 2, '/', 's', 0, 0)
	return l.append(journal.Snapshot, b).String()
}

// pack seals a plaintext, padded, as a pack, and returns its path.
func (l *forge) pack(plaintext []byte) string {
	l.t.Helper()
	return l.place(seal.Place{Class: seal.ClassPack}, plaintext)
}

// entry seals a plaintext, padded, at any place of the journal.
func (l *forge) entry(device seal.DeviceID, seq uint64, plaintext []byte) string {
	l.t.Helper()
	return l.place(seal.Place{Class: seal.ClassEntry, Pseudonym: l.keys.Pseudonym(device), Seq: seq}, plaintext)
}

func (l *forge) place(p seal.Place, plaintext []byte) string {
	l.t.Helper()
	size, err := seal.FileSize(p.Class, int64(len(plaintext)))
	check(l.t, err)
	room, err := seal.PlaintextSize(size)
	check(l.t, err)
	file, err := l.keys.Seal(p, append(plaintext[:len(plaintext):len(plaintext)], make([]byte, room-int64(len(plaintext)))...))
	check(l.t, err)
	name := nameOf(p, file)
	check(l.t, os.MkdirAll(filepath.Dir(filepath.Join(l.dir, name)), 0o700))
	check(l.t, os.WriteFile(filepath.Join(l.dir, name), file, 0o600))
	return name
}

// nameOf is the path that the bytes of an object must have.
func nameOf(p seal.Place, file []byte) string {
	sum := sha256.Sum256(file)
	if p.Class == seal.ClassEntry {
		return entryName(p.Pseudonym.String(), p.Seq, file)
	}
	name := hex.EncodeToString(sum[:])
	return "packs/" + name[:2] + "/" + name
}

func entryName(pseudonym string, seq uint64, file []byte) string {
	sum := sha256.Sum256(file)
	number := []byte("0000000000")
	for i := len(number) - 1; seq > 0; i-- {
		number[i] += byte(seq % 10)
		seq /= 10
	}
	return "journal/" + pseudonym + "/" + string(number) + "-" + hex.EncodeToString(sum[:8])
}

// machine is a computer that has the repository and its key.
func (l *forge) machine() *machine {
	l.t.Helper()
	key := filepath.Join(tempDir(l.t), "key")
	check(l.t, os.WriteFile(key, l.key.Text(), 0o600))
	return withKey(l.t, l.dir, key)
}
