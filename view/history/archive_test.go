package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal/archive"
	"bakfs/view/chat"
)

// stored stores the backups at a path of the shared vectors, as the program does.
func storedVectors(t *testing.T, name, keyFile string) []Backup {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	dir = filepath.Join(dir, "signal", "generated")
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	src, err := archive.Find(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var list []Backup
	for _, item := range src.Items {
		b, err := src.Open(context.Background(), item, strings.TrimSpace(string(key)))
		if err != nil {
			t.Fatal(err)
		}
		tr := newTree()
		if _, err := b.Store(context.Background(), tr); err != nil {
			t.Fatal(err)
		}
		b.Close()
		list = append(list, Backup{Label: item.Name, Time: item.Time, FS: tr.freeze()})
	}
	return list
}

// What package archive stores of both formats is one history: messages have one
// identity in both.
func TestBothFormatsAreOneHistory(t *testing.T) {
	modern := storedVectors(t, "SignalBackups", "recovery-key.txt")
	legacy := storedVectors(t, "legacy", "passphrase.txt")
	count := func(list []Backup) (n, gone int) {
		h := New(list, Options{ShowExpired: true})
		for _, msgs := range messages(t, h) {
			for _, m := range msgs {
				n++
				if m.Past.Gone != chat.Here {
					gone++
				}
			}
		}
		if d := h.Damage(); len(d) > 0 {
			t.Error(d)
		}
		return n, gone
	}
	last := len(modern) - 1
	m, _ := count(modern[last:])
	l, _ := count(legacy[last:])
	both, gone := count([]Backup{legacy[last], modern[last]})
	t.Logf("modern %d, legacy %d, both %d, of which %d only in the older", m, l, both, gone)
	if m < 100 || l < 100 || both != m+gone {
		t.Errorf("modern %d, legacy %d, both %d, of which %d only in the older", m, l, both, gone)
	}
	if gone > l/50 {
		t.Errorf("%d of %d messages have another identity", gone, l)
	}
	for _, list := range [][]Backup{modern, legacy} {
		count(list)
	}
}
