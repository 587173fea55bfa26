package snapshot

import (
	"strings"
	"testing"

	"bakfs/chunker"
)

// A change in a file of records costs a few of its chunks and of the nodes that list
// them; the file is whole, and taken over as it is.
func TestBuilderCutsFinely(t *testing.T) {
	r := newTestRepo(t)
	fine := func(name string) bool { return strings.HasPrefix(name, "rows/") }
	b := r.builder(BuildOptions{Fine: fine})
	rows, photo := string(noise(1, 3<<20)), string(noise(2, 3<<20))
	r.put(b, "rows/all", rows)
	r.put(b, "photo", photo)
	r.put(b, "rows/few", "a few")
	first := r.finish(b).Info

	at := len(rows) / 2
	rows = rows[:at] + "a change" + rows[at:]
	photo = photo[:at] + "a change" + photo[at:]
	b = r.builder(BuildOptions{Fine: fine, Parent: &first, Date: backupDate.AddDate(0, 0, 1)})
	r.put(b, "rows/all", rows)
	stored := b.n.stored.Load()
	if stored > 4*chunker.FineAverage {
		t.Errorf("%d bytes were stored for a change in a file that is cut finely", stored)
	}
	r.put(b, "photo", photo)
	if stored = b.n.stored.Load() - stored; stored < chunker.Min {
		t.Errorf("%d bytes were stored for a change in another file", stored)
	}
	if _, ok, err := b.Reuse(t.Context(), "rows/few"); !ok || err != nil {
		t.Error(ok, err)
	}
	second := r.finish(b).Info
	if got := r.contents(second); got["rows/all"] != rows || got["photo"] != photo || got["rows/few"] != "a few" {
		t.Error("a file has other content")
	}

	b = r.builder(BuildOptions{Fine: fine, Parent: &second, Date: backupDate.AddDate(0, 0, 2)})
	if size, ok, err := b.Reuse(t.Context(), "rows/all"); size != int64(len(rows)) || !ok || err != nil {
		t.Error(size, ok, err)
	}
	if n := b.n.stored.Load(); n > 0 {
		t.Errorf("%d bytes were stored for a file that was taken over", n)
	}
	r.finish(b)
}
