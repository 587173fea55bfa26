package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
)

// legacyFiles are the legacy files of the vectors and their passphrases.
func legacyFiles(t testing.TB) map[string]string {
	return map[string]string{
		vectors(t, "legacy-v1.backup"): "123456789012345678901234567890",
		vectors(t, "generated/legacy"): string(readFile(t, vectors(t, "generated/passphrase.txt"))),
	}
}

// A storedTree is what legacy.File makes the original of.
type storedTree struct {
	a     *Archive
	blobs []legacy.Media
}

func (s storedTree) ReadFrames(ctx context.Context, p []byte, off int64) (int, error) {
	f, err := openAt(s.a.fsys, legacyFrames)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(ctx, p, off)
}

func (s storedTree) ReadBlob(ctx context.Context, blob int, p []byte, off int64) (int, error) {
	f, err := s.a.File(ctx, signal.Bytes(s.blobs[blob].Hash[:]).String())
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(ctx, p, off)
}

// remade makes a legacy file again.
func remade(t testing.TB, a *Archive) []byte {
	t.Helper()
	ctx := context.Background()
	raw, err := readWhole(ctx, a.fsys, legacyLayout, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := legacy.ParseLayout(raw)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := a.blobs(ctx, layout.Blobs())
	if err != nil || len(blobs) != layout.Blobs() {
		t.Fatalf("%d blobs, %d in the layout: %v", len(blobs), layout.Blobs(), err)
	}
	keys, err := legacy.ParseKeys([]byte(a.Envelope().Keys.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := legacy.NewFile(layout, keys, storedTree{a, blobs})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, f.Size())
	if _, err := f.ReadAt(ctx, b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return b
}

// history returns the records that a legacy file is made into.
func history(t testing.TB, path, passphrase string, when signal.Millis) (list [][]byte) {
	t.Helper()
	b := readFile(t, path)
	pass, err := legacy.ParsePassphrase(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r, err := legacy.Open(bytes.NewReader(b), int64(len(b)), pass)
	if err != nil {
		t.Fatal(err)
	}
	media, err := legacy.ReadMedia(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Rewind()
	h, err := legacy.NewHistory(context.Background(), r, media, when)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, signal.Append(nil, h.Info()))
	for {
		f, err := h.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, signal.Append(nil, f))
	}
}

func TestLegacyComesBackByteByByte(t *testing.T) {
	for path, key := range legacyFiles(t) {
		var before *memTree
		s := find(t, path)
		for _, item := range s.Items {
			tree, report, a := store(t, s, item, key, before)
			file := filepath.Join(s.Path, item.Name)
			if !bytes.Equal(remade(t, a), readFile(t, file)) {
				t.Errorf("%s: other bytes", item.Name)
			}
			e := a.Envelope()
			equalRecords(t, stored(t, a), history(t, file, key, signal.Millis(item.Time.UnixMilli())))
			if e.Format != Legacy || !e.Whole || e.Owner == "" || report.Err() != nil || !e.Time.Equal(item.Time.Truncate(time.Millisecond)) {
				t.Errorf("envelope %+v, report %+v", e, report)
			}
			if before != nil && tree.reused == 0 {
				t.Error("no media of the day before were reused")
			}
			again, _, _ := store(t, s, item, key, before)
			sameTree(t, again, tree)
			t.Logf("%s: account %s, %d files, %+v", item.Name, e.Account, len(tree.files), report)
			before = tree
		}
	}
}

// copyOf returns the content of the newest generated legacy file and its key.
func copyOf(t testing.TB) ([]byte, string) {
	t.Helper()
	return readFile(t, vectors(t, "legacy-v1.backup")), "123456789012345678901234567890"
}

func TestLegacyCutAtEveryLength(t *testing.T) {
	whole, key := copyOf(t)
	pass, _ := legacy.ParsePassphrase(key)
	name := filepath.Join(t.TempDir(), "signal-2026-01-02-03-04-05.backup")
	step := 1
	if testing.Short() || len(whole) > 3000 {
		step = len(whole)/300 + 1
	}
	h, err := legacy.ReadHeader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := legacy.DeriveKeys(pass, h.Salt)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += step {
		writeFile(t, name, whole[:n])
		b, err := openKeys(name, keys)
		if err != nil {
			if !errors.Is(err, legacy.ErrTruncated) && !errors.Is(err, legacy.ErrNotBackup) && !errors.Is(err, legacy.ErrKey) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		tree := newTree(nil)
		report, err := b.Store(context.Background(), tree)
		b.Close()
		if err != nil || !report.Truncated || !errors.Is(report.Err(), signal.ErrTruncated) {
			t.Fatalf("%d bytes: %v, %+v", n, err, report)
		}
		a, err := Open(tree.files)
		if err != nil || a.Envelope().Whole {
			t.Fatalf("%d bytes: %v", n, err)
		}
		stored(t, a)
	}
}

// openKeys opens a legacy file without deriving its keys each time.
func openKeys(name string, keys legacy.Keys) (*Backup, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, err := legacy.OpenKeys(f, info.Size(), keys)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Backup{Format: Legacy, original: &legacyFile{file: f, reader: r}, size: info.Size(), keys: signal.NewSecret(string(keys.Bytes()))}, nil
}

func TestLegacyDamageLosesOnePart(t *testing.T) {
	whole, key := copyOf(t)
	pass, _ := legacy.ParsePassphrase(key)
	h, _ := legacy.ReadHeader(bytes.NewReader(whole), int64(len(whole)))
	keys, err := legacy.DeriveKeys(pass, h.Salt)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x.backup")
	for at := len(h.Raw); at < len(whole); at += len(whole)/200 + 1 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		writeFile(t, name, bad)
		b, err := openKeys(name, keys)
		if errors.Is(err, legacy.ErrKey) && at < len(h.Raw)+30 {
			continue // inside the first frame, by which a key is known
		}
		if err != nil {
			t.Fatalf("at %d: %v", at, err)
		}
		tree := newTree(nil)
		report, err := b.Store(context.Background(), tree)
		b.Close()
		if err != nil || report.Damaged+report.DamagedMedia == 0 && !report.Truncated || len(report.First) == 0 || report.Err() == nil {
			t.Fatalf("at %d: %v, %+v", at, err, report)
		}
		if a, err := Open(tree.files); err != nil || a.Envelope().Whole {
			t.Fatalf("at %d: whole, or %v", at, err)
		}
		for _, file := range tree.names(mediaName) {
			if got := signal.Bytes(sum(tree.files[file].Data)).String(); mediaPath(got) != file {
				t.Fatalf("at %d: %s has other bytes", at, file)
			}
		}
	}
}
