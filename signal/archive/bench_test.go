package archive

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// nowhere is a tree that reads what it is given and keeps nothing.
type nowhere struct{}

func (nowhere) Write(ctx context.Context, name string, mtime time.Time, mime string, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (nowhere) Reuse(ctx context.Context, name string) (int64, bool, error) { return 0, false, nil }

const benchKey = "k3qz0o7m1vhx9w2rt5n8b4cd6fgjlpsuya0o1e2i3u4k5m6n7p8q9r0s1t2v3w4x"

// benchFolder writes a backup folder with n messages in 300 chats, texts of
// words, with delivery states; it returns the length of its record stream.
func benchFolder(b *testing.B, n int) (root string, plain int64) {
	b.Helper()
	root = filepath.Join(b.TempDir(), "SignalBackups")
	k, err := modern.ParseRecoveryKey(benchKey)
	if err != nil {
		b.Fatal(err)
	}
	aci := signal.ServiceID("an account's id.")
	id := k.BackupKey().ID(aci)
	w, err := modern.CreateSnapshot(root, "signal-backup-2026-01-02-03-04-05", k.BackupKey().Keys(id), modern.AppendMetadata(nil, k.BackupKey(), id, [12]byte{}))
	if err != nil {
		b.Fatal(err)
	}
	put := func(rec []byte) {
		if err := w.Write(rec); err != nil {
			b.Fatal(err)
		}
		plain += int64(len(rec)) + 2
	}
	rng := rand.New(rand.NewSource(1))
	for _, rec := range head(300) {
		put(rec)
	}
	put(frame(&signal.Recipient{ID: 1000, Destination: &signal.Group{MasterKey: signal.NewSecret("m"),
		State: &signal.GroupState{Members: []signal.GroupMember{{UserID: aci}}}}}))
	for at := signal.Millis(1500000000000); n > 0; n-- {
		at += signal.Millis(rng.Intn(200000))
		var words []string
		for range 1 + rng.Intn(30) {
			words = append(words, fmt.Sprintf("%x", rng.Int63n(1<<uint(8+rng.Intn(20)))))
		}
		item := &signal.ChatItem{ChatID: 1 + uint64(300*rng.Float64()*rng.Float64()), AuthorID: uint64(rng.Intn(300)), DateSent: at,
			Body: &signal.StandardMessage{Text: &signal.Text{Body: strings.Join(words, " ")}}}
		if rng.Intn(3) == 0 {
			item.Outgoing = &signal.Outgoing{DateReceived: at, SendStatus: []signal.SendStatus{
				{RecipientID: 1, Timestamp: at, Delivery: signal.DeliveryRead, SealedSender: true}}}
		} else {
			item.Incoming = &signal.Incoming{DateReceived: at, Read: true, SealedSender: true}
		}
		put(frame(item))
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return root, plain
}

func BenchmarkStoreFolder(b *testing.B) {
	root, plain := benchFolder(b, 200_000)
	s := find(b, root)
	b.SetBytes(plain)
	for b.Loop() {
		o, err := s.Open(context.Background(), s.Items[0], benchKey)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := o.Store(context.Background(), nowhere{}); err != nil {
			b.Fatal(err)
		}
		o.Close()
	}
}

func BenchmarkRecords(b *testing.B) {
	root, plain := benchFolder(b, 200_000)
	s := find(b, root)
	_, _, a := store(b, s, s.Items[0], benchKey, nil)
	b.SetBytes(plain)
	for b.Loop() {
		r, err := a.Records(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
		r.Close()
	}
}
