package modern

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"

	"bakfs/signal"
)

// benchMain is a main of n bytes of records that look like a chat: texts of
// words, most of them short, with reactions and delivery states.
func benchMain(b *testing.B, n int) (sealed []byte, plain int64) {
	b.Helper()
	rng := rand.New(rand.NewSource(1))
	var words []string
	for range 4000 {
		words = append(words, fmt.Sprintf("%x", rng.Int63n(1<<uint(8+rng.Intn(28)))))
	}
	var out bytes.Buffer
	w, err := NewMainWriter(&out, testKeys(), [16]byte{})
	if err != nil {
		b.Fatal(err)
	}
	rec := signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: 1})
	for at := signal.Millis(1700000000000); ; at += signal.Millis(rng.Intn(100000)) {
		if err := w.Write(rec); err != nil {
			b.Fatal(err)
		}
		if plain += int64(len(rec)) + 2; plain > int64(n) {
			break
		}
		var text []string
		for range 1 + rng.Intn(30) {
			text = append(text, words[int(float64(len(words))*rng.Float64()*rng.Float64())])
		}
		item := &signal.ChatItem{ChatID: uint64(rng.Intn(300)), AuthorID: uint64(rng.Intn(400)), DateSent: at,
			Body: &signal.StandardMessage{Text: &signal.Text{Body: strings.Join(text, " ")}}}
		if rng.Intn(3) == 0 {
			item.Outgoing = &signal.Outgoing{DateReceived: at, SendStatus: []signal.SendStatus{
				{RecipientID: 7, Timestamp: at + 900, Delivery: signal.DeliveryRead, SealedSender: true}}}
		} else {
			item.Incoming = &signal.Incoming{DateReceived: at + 300, DateServerSent: signal.Some(at + 100), Read: true, SealedSender: true}
		}
		rec = signal.Append(rec[:0], &signal.Frame{Item: item})
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes(), plain
}

func BenchmarkOpen(b *testing.B) {
	sealed, plain := benchMain(b, 64<<20)
	b.Logf("%d MB of records in %d MB", plain>>20, len(sealed)>>20)
	for _, decode := range []bool{false, true} {
		b.Run(fmt.Sprintf("decode=%v", decode), func(b *testing.B) {
			b.SetBytes(plain)
			for b.Loop() {
				m, err := OpenMain(context.Background(), bytes.NewReader(sealed), int64(len(sealed)), testKeys())
				if err != nil {
					b.Fatal(err)
				}
				s := m.Records(context.Background())
				if decode {
					err = drainFrames(s)
				} else {
					for err == nil {
						_, err = s.Next()
					}
				}
				if s.Close(); err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}

func drainFrames(s *Stream) error {
	r, err := signal.NewReader(s)
	for err == nil {
		_, err = r.Next()
	}
	return err
}

func BenchmarkSeal(b *testing.B) {
	for b.Loop() {
		_, plain := benchMain(b, 32<<20)
		b.SetBytes(plain)
	}
}
