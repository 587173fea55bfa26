package legacy

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// A length beyond the end is refused before anybody counts on it.
func TestLayoutThatIsCutIsRefused(t *testing.T) {
	for _, b := range []string{"", "x", layoutMagic, layoutMagic + "\x7f", layoutMagic + "\x05abcd", layoutMagic + strings.Repeat("\xff", 11)} {
		if _, err := ParseLayout([]byte(b)); !errors.Is(err, ErrLayout) {
			t.Errorf("%q: %v", b, err)
		}
	}
}

// A window shows nothing outside of its file.
func TestWindowEndsWithItsFile(t *testing.T) {
	data := []byte("0123456789")
	w := &window{src: bytes.NewReader(data), size: int64(len(data)), fill: 4}
	for _, at := range []struct {
		off int64
		n   int
	}{{9, 2}, {10, 1}, {11, 0}, {-1, 1}, {0, 11}} {
		if b, err := w.at(at.off, at.n); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes at %d: %q, %v", at.n, at.off, b, err)
		}
	}
	if b, err := w.at(8, 2); string(b) != "89" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
