package modern

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"bakfs/signal"
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

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func recoveryKey(t testing.TB, s string) RecoveryKey {
	t.Helper()
	k, err := ParseRecoveryKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The made-up account of the reference's known answers.
const (
	knownKey = "k3qz0o7m1vhx9w2rt5n8b4cd6fgjlpsuya0o1e2i3u4k5m6n7p8q9r0s1t2v3w4x"
	knownACI = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

// all returns copies of all records.
func all(t testing.TB, records signal.Records) (list [][]byte) {
	t.Helper()
	for {
		rec, err := records.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("after %d records: %v", len(list), err)
		}
		list = append(list, bytes.Clone(rec))
	}
}

func equalRecords(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("record %d differs", i)
		}
	}
}

// sampleRecords are a small valid stream.
func sampleRecords() [][]byte {
	list := [][]byte{signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: 1700000000000})}
	for _, item := range []signal.FrameItem{
		&signal.Account{GivenName: "Jo", SVRPIN: signal.NewSecret("4711")},
		&signal.Recipient{ID: 1, Destination: &signal.Self{}},
		&signal.Chat{ID: 1, RecipientID: 1},
		&signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: 5, Outgoing: &signal.Outgoing{},
			Body: &signal.StandardMessage{Text: &signal.Text{Body: "hello"}}},
	} {
		list = append(list, signal.Append(nil, &signal.Frame{Item: item}))
	}
	return list
}

func testKeys() Keys {
	return Keys{MAC: signal.NewSecret("a MAC key of 32 bytes, made up.."), Cipher: signal.NewSecret("a cipher key of 32 bytes, too...")}
}

// seal writes records as a main.
func seal(t testing.TB, keys Keys, records [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewMainWriter(&b, keys, [16]byte{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sealStream seals any bytes as the compressed stream of a main.
func sealPlain(t testing.TB, keys Keys, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	s, err := newSealer(&b, []byte(keys.Cipher.Reveal()), []byte(keys.MAC.Reveal()), [16]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// openMain opens b and returns its records until the first error.
func openMain(b []byte, keys Keys) (list [][]byte, err error) {
	m, err := OpenMain(context.Background(), bytes.NewReader(b), int64(len(b)), keys)
	if err != nil {
		return nil, err
	}
	s := m.Records(context.Background())
	defer s.Close()
	for {
		rec, err := s.Next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, bytes.Clone(rec))
	}
}
