package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"bakfs/seal"
	"bakfs/store"
)

// A memStore is a store that breaks where it is told to.
type memStore struct {
	mu         sync.Mutex
	chunks     map[seal.ID][]byte
	broken     map[seal.ID]error
	puts       int // chunks put that were new
	gets       int
	parts      int // ReadAt calls
	prefetched []seal.ID
}

var errBroken = fmt.Errorf("broken on purpose: %w", store.ErrDamaged)

func newMemStore() *memStore {
	return &memStore{chunks: map[seal.ID][]byte{}, broken: map[seal.ID]error{}}
}

func fakeID(t seal.ChunkType, b []byte) seal.ID {
	return sha256.Sum256(append([]byte{uint8(t)}, b...))
}

func (m *memStore) Put(ctx context.Context, t seal.ChunkType, b []byte) (seal.ID, int64, error) {
	if len(b) == 0 || len(b) > 1<<20 {
		return seal.ID{}, 0, fmt.Errorf("chunk of %d bytes", len(b))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := fakeID(t, b)
	if m.chunks[id] != nil {
		return id, 0, ctx.Err()
	}
	m.chunks[id] = bytes.Clone(b)
	m.puts++
	return id, int64(len(b)), ctx.Err()
}

func (m *memStore) Get(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	if err := errors.Join(ctx.Err(), m.broken[id]); err != nil {
		return nil, err
	}
	b := m.chunks[id]
	if b == nil || fakeID(t, b) != id {
		return nil, store.ErrMissing
	}
	return b, nil
}

func (m *memStore) ReadAt(ctx context.Context, id seal.ID, t seal.ChunkType, p []byte, off int64) (int, error) {
	b, err := m.Get(ctx, id, t)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	m.parts++
	m.mu.Unlock()
	return bytes.NewReader(b).ReadAt(p, off)
}

func (m *memStore) Prefetch(id seal.ID, _ seal.ChunkType) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prefetched = append(m.prefetched, id)
}

// put stores any bytes as a chunk.
func (m *memStore) put(t *testing.T, typ seal.ChunkType, b []byte) seal.ID {
	t.Helper()
	id, _, err := m.Put(t.Context(), typ, b)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// writeDir writes entries, which are in order.
func writeDir(t testing.TB, m *memStore, entries []Entry) seal.ID {
	t.Helper()
	w := newDirWriter(m)
	for i := range entries {
		if err := w.add(context.Background(), &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	root, _, err := w.finish(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// readAll reads a directory whole.
func readAll(m *memStore, root seal.ID) (all []Entry, err error) {
	for e, err := range newNodes(m, nodeCacheBytes).entries(context.Background(), root) {
		if err != nil {
			return all, err
		}
		all = append(all, *e)
	}
	return all, nil
}

func plainFile(name, content string) Entry {
	return Entry{Name: name, Kind: File, Mode: 0o644, Nlink: 1, Size: int64(len(content)), Inline: []byte(content), MTime: 1e18}
}

func numbered(n int) []Entry {
	all := make([]Entry, n)
	for i := range all {
		all[i] = plainFile(fmt.Sprintf("file-%08d", i), "x")
	}
	return all
}

// content reads an open file's bytes at off.
func contentAt(f any, off int64, n int) ([]byte, error) {
	p := make([]byte, n)
	n, err := f.(*openFile).ReadAt(context.Background(), p, off)
	if err == io.EOF {
		err = nil
	}
	return p[:n], err
}
