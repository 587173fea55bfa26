package legacy

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"bakfs/signal"
)

// A history that was read before the media were known, and looked at, tells what one
// tells that knew them from the start.
func TestHistoryBeginsAgainWithItsMedia(t *testing.T) {
	dir := vectors(t, "generated")
	files, err := filepath.Glob(filepath.Join(dir, "legacy", "*.backup"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(filepath.Join(dir, "passphrase.txt"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(b), int64(len(b)), passphrase(t, string(secret)))
	if err != nil {
		t.Fatal(err)
	}
	media, err := ReadMedia(context.Background(), r)
	if err != nil || len(media) == 0 {
		t.Fatal(len(media), err)
	}
	all := func(h *History) (b []byte) {
		for {
			f, err := h.Next()
			if err == io.EOF {
				return b
			}
			if err != nil {
				t.Fatal(err)
			}
			b = signal.Append(b, f)
		}
	}
	h, err := NewHistory(context.Background(), r, media, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := all(h)
	if h, err = NewHistory(context.Background(), r, nil, 0); err != nil {
		t.Fatal(err)
	}
	for range 3 { // some of what comes before the messages
		if _, err := h.Next(); err != nil {
			t.Fatal(err)
		}
	}
	r.Rewind()
	for range 5 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	h.Begin(media)
	if got := all(h); !bytes.Equal(got, want) {
		t.Errorf("%d bytes of records, want %d", len(got), len(want))
	}
}
