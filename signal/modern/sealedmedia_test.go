package modern

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"testing"

	"pgregory.net/rapid"

	"bakfs/signal"
)

// memoryAt is a plaintext.
type memoryAt []byte

func (m memoryAt) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return bytes.NewReader(m).ReadAt(p, off)
}

// mediaLocator is the locator of b.
func mediaLocator(b []byte) *signal.Locator {
	sum := sha256.Sum256(b)
	key := sha256.Sum256(append([]byte("key of"), sum[:]...))
	return &signal.Locator{Size: uint32(len(b)), PlaintextHash: signal.Some(signal.Bytes(sum[:])),
		LocalKey: signal.Some(signal.NewSecret(string(key[:]) + string(sum[:])))}
}

func TestMediaSealedWhereTheyAreRead(t *testing.T) {
	rng := rand.New(rand.NewSource(8))
	for _, n := range []int{0, 1, 540, 541, 542, 4096, mediaPiece - 16, mediaPiece, mediaPiece + 1, 1 << 20, 3_000_017} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			plain := make([]byte, n)
			rng.Read(plain)
			l := mediaLocator(plain)
			var want bytes.Buffer
			if err := WriteMedia(&want, l, bytes.NewReader(plain)); err != nil {
				t.Fatal(err)
			}
			var m *SealedMedia
			rapid.Check(t, func(t *rapid.T) {
				if m == nil || rapid.IntRange(0, 5).Draw(t, "new") == 0 {
					var err error
					if m, err = NewSealedMedia(l, int64(n)); err != nil || m.Size() != int64(want.Len()) || m.Size() != MediaSize(int64(n)) {
						t.Fatal(m.Size(), want.Len(), err)
					}
				}
				off := rapid.Int64Range(0, m.Size()+3).Draw(t, "off")
				p := make([]byte, rapid.IntRange(0, 200_000).Draw(t, "n"))
				k, err := m.ReadAt(context.Background(), memoryAt(plain), p, off)
				if k < len(p) && err != io.EOF || !bytes.Equal(p[:k], want.Bytes()[min(off, m.Size()):][:k]) {
					t.Fatalf("%d of %d bytes at %d: %v", k, len(p), off, err)
				}
			})
		})
	}
}

func TestMediaThatChangedWhileTheyAreSealed(t *testing.T) {
	plain := make([]byte, 300_000)
	m, err := NewSealedMedia(mediaLocator(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ReadAt(context.Background(), memoryAt(plain[:1000]), make([]byte, 400_000), 0); !errors.Is(err, ErrTruncated) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.ReadAt(ctx, memoryAt(plain), make([]byte, 400_000), 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := NewSealedMedia(&signal.Locator{}, 1); !errors.Is(err, ErrNoMedia) {
		t.Error(err)
	}
}
