package modern

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"bakfs/signal"
)

// Metadata of any size but the one that metadata have are refused for it.
func TestMetadataThatAreTooLargeAreRefused(t *testing.T) {
	padding := binary.AppendUvarint([]byte{15<<3 | 2}, maxMetadata) // a field of later versions
	if _, err := ParseMetadata(append(padding, make([]byte, maxMetadata)...)); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

// The token's part of a backup from Signal's servers has a length that can be.
func TestRemoteBackupWithAnImpossiblePrefix(t *testing.T) {
	long := remoteMagic + string(binary.AppendUvarint(nil, 16<<10+1)) + strings.Repeat("x", 20_000)
	for _, b := range []string{long, remoteMagic + strings.Repeat("\xff", 100), remoteMagic} {
		_, err := OpenRemote(context.Background(), strings.NewReader(b), int64(len(b)), Keys{})
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "impossible length") {
			t.Errorf("%.20q: %v", b, err)
		}
	}
}

// A media file that is shorter than its message says is refused before any of it is shown.
func TestMediaShorterThanItsMessageSays(t *testing.T) {
	plain := make([]byte, 1000)
	l := mediaLocator(plain)
	var b bytes.Buffer
	if err := WriteMedia(&b, l, bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	open := func(l *signal.Locator) error {
		_, err := OpenMedia(context.Background(), bytes.NewReader(b.Bytes()), int64(b.Len()), l)
		return err
	}
	if err := open(l); err != nil {
		t.Fatal(err)
	}
	l.Size = 100_000
	if err := open(l); !errors.Is(err, ErrTruncated) {
		t.Error(err)
	}
}
