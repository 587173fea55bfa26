package chat

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// vectors returns a file of the shared vectors, or skips.
func vectors(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	p := filepath.Join(dir, "signal", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	return p
}

// A source is one whole small backup in memory.
type source struct {
	people *People
	items  []*signal.ChatItem
	files  map[string][]byte // by hash in hex
}

// take makes a source of the frames that next returns until io.EOF.
func take(t testing.TB, next func() (*signal.Frame, error), owner func() signal.ServiceID) *source {
	t.Helper()
	s := &source{files: map[string][]byte{}}
	var frames []*signal.Frame
	for {
		f, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
		if item, ok := f.Item.(*signal.ChatItem); ok {
			s.items = append(s.items, item)
		}
	}
	s.people = NewPeople(slices.Values(frames), owner())
	return s
}

// messages makes all messages, with the long texts that the backup has.
func (s *source) messages() []*Message {
	var list []*Message
	for _, item := range s.items {
		m := s.people.Message(item)
		s.complete(m.Text)
		for i := range m.Versions {
			s.complete(m.Versions[i].Text)
		}
		list = append(list, m)
	}
	return list
}

func (s *source) complete(t *Text) {
	if t == nil || t.Long == nil {
		return
	}
	if b, ok := s.files[t.Long.Hash]; ok {
		t.Complete(string(b))
	}
}

// modernSources reads the snapshots of a generated backup folder.
func modernSources(t testing.TB, dir string) (list []*source) {
	t.Helper()
	f, _, err := modern.Locate(filepath.Join(dir, "SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "recovery-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := modern.ParseRecoveryKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	snapshots, err := f.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snapshots {
		list = append(list, modernSource(t, f, s.Name, key))
	}
	return list
}

func modernSource(t testing.TB, f *modern.Folder, name string, key modern.RecoveryKey) *source {
	t.Helper()
	ctx := context.Background()
	b, err := f.Open(ctx, name, key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	stream := b.Records(ctx)
	defer stream.Close()
	r, err := signal.NewReader(stream)
	if err != nil {
		t.Fatal(err)
	}
	finder := modern.NewOwnerFinder(key.BackupKey(), b.ID)
	s := take(t, func() (*signal.Frame, error) {
		f, err := r.Next()
		if err == nil {
			finder.Look(f)
		}
		return f, err
	}, finder.Owner)
	for _, item := range s.items {
		signal.Files(item, func(p *signal.FilePointer) {
			media, err := f.Media(ctx, p.Locator)
			if err != nil {
				return // not in the backup
			}
			defer media.Close()
			content, err := io.ReadAll(media)
			if err != nil {
				t.Fatal(err)
			}
			s.files[hex.EncodeToString([]byte(p.Locator.PlaintextHash.V))] = content
		})
	}
	return s
}

// legacySources reads the legacy files of a generated history.
func legacySources(t testing.TB, dir string) (list []*source) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "passphrase.txt"))
	if err != nil {
		t.Fatal(err)
	}
	pass, err := legacy.ParsePassphrase(string(text))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "legacy", "*.backup"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, legacySource(t, b, pass))
	}
	return list
}

func legacySource(t testing.TB, file []byte, pass signal.Secret) *source {
	t.Helper()
	r, err := legacy.Open(bytes.NewReader(file), int64(len(file)), pass)
	if err != nil {
		t.Fatal(err)
	}
	media, err := legacy.ReadMedia(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Rewind()
	h, err := legacy.NewHistory(context.Background(), r, media, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := take(t, h.Next, func() signal.ServiceID { _, id := h.Owner(); return id.V })
	r.Rewind()
	for {
		f, err := r.Next()
		if err == io.EOF {
			return s
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Blob == nil {
			continue
		}
		content, _, err := f.Blob.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		s.files[hex.EncodeToString(sum[:])] = b
	}
}

// truthLines returns the lines of the truth file that hold for a format, by day,
// in their order.
func truthLines(t testing.TB, path, format string) map[int][]map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	days := make(map[int][]map[string]any)
	s := bufio.NewScanner(zr)
	for s.Buffer(nil, 1<<20); s.Scan(); {
		var o map[string]any
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(o["in"].([]any), any(format)) {
			day := int(o["day"].(float64))
			delete(o, "in")
			delete(o, "day")
			days[day] = append(days[day], o)
		}
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return days
}
