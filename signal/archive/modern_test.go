package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// folders are the backup folders of the vectors and their keys.
func folders(t testing.TB) map[string]string {
	return map[string]string{
		vectors(t, "v2/SignalBackups"):        string(readFile(t, vectors(t, "v2/aep_display.txt"))),
		vectors(t, "generated/SignalBackups"): string(readFile(t, vectors(t, "generated/recovery-key.txt"))),
	}
}

// recordsOf returns what a snapshot has.
func recordsOf(t testing.TB, root, name, key string) [][]byte {
	t.Helper()
	k, err := modern.ParseRecoveryKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := modern.NewFolder(os.DirFS(root)).Open(context.Background(), name, k)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := b.Records(context.Background())
	defer s.Close()
	return all(t, s)
}

func TestFolderComesBackRecordByRecord(t *testing.T) {
	for root, key := range folders(t) {
		var before *memTree
		s := find(t, root)
		for _, item := range s.Items {
			tree, report, a := store(t, s, item, key, before)
			want := recordsOf(t, root, item.Name, key)
			equalRecords(t, stored(t, a), want)
			if report.Damaged+report.DamagedMedia+report.Missing != 0 || report.Truncated || report.Err() != nil {
				t.Errorf("%s: %+v", item.Name, report)
			}
			e := a.Envelope()
			if e.Format != Modern || !e.Whole || e.Name != item.Name || len(e.Keys.Reveal()) != 64 || len(e.Account) != 36 || e.Owner == "" {
				t.Errorf("envelope %+v", e)
			}
			if !bytes.Equal(e.Metadata, readFile(t, filepath.Join(root, item.Name, "metadata"))) {
				t.Error("metadata differs")
			}
			if id, err := s.ID(context.Background(), item); err != nil || id != e.ID {
				t.Errorf("identity: %v", err)
			}
			if before != nil && tree.reused == 0 {
				t.Error("no media of the day before were reused")
			}
			again, _, _ := store(t, s, item, key, before)
			sameTree(t, again, tree)
			t.Logf("%s: %d files, %+v", item.Name, len(tree.files), report)
			before = tree
		}
	}
}

func TestNoKeyInTheTree(t *testing.T) {
	root := vectors(t, "generated/SignalBackups")
	key := strings.TrimSpace(string(readFile(t, vectors(t, "generated/recovery-key.txt"))))
	s := find(t, root)
	tree, _, _ := store(t, s, s.Items[0], key, nil)
	bare := strings.ToLower(strings.NewReplacer(" ", "", "#", "o", "=", "0", "\n", "").Replace(key))
	for name, f := range tree.files {
		if bytes.Contains(bytes.ToLower(f.Data), []byte(bare)) || bytes.Contains(f.Data, []byte(key)) {
			t.Errorf("%s holds the recovery key", name)
		}
	}
}

// sealMain seals what stands in the place of the compressed records.
func sealMain(t testing.TB, keys modern.Keys, plain []byte) []byte {
	t.Helper()
	c, err := aes.NewCipher([]byte(keys.Cipher.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, aes.BlockSize)
	n := aes.BlockSize - len(plain)%aes.BlockSize
	body := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(body, body)
	mac := hmac.New(sha256.New, []byte(keys.MAC.Reveal()))
	mac.Write(iv)
	mac.Write(body)
	return mac.Sum(append(iv, body...))
}

// A main can be cut short under a MAC that is good, if the app that wrote it
// was at fault.
func TestStreamCutUnderAGoodMAC(t *testing.T) {
	ctx := context.Background()
	root := vectors(t, "generated/SignalBackups")
	key := string(readFile(t, vectors(t, "generated/recovery-key.txt")))
	s := find(t, root)
	want := recordsOf(t, root, s.Items[0].Name, key)
	k, err := modern.ParseRecoveryKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := modern.NewFolder(os.DirFS(root)).Open(ctx, s.Items[0].Name, k)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(stream(want...))
	z.Close()
	mine := copyFolder(t, root, filepath.Join(t.TempDir(), "SignalBackups"))
	main := filepath.Join(mine, s.Items[0].Name, "main")
	cut := sealMain(t, b.Keys, packed.Bytes()[:packed.Len()*2/3])
	writeFile(t, main, cut)
	s = find(t, mine)
	_, report, a := store(t, s, s.Items[0], key, nil)
	got := stored(t, a)
	if len(got) < 10 || len(got) >= len(want) || !report.Truncated || a.Envelope().Whole || !errors.Is(report.Err(), signal.ErrTruncated) {
		t.Fatalf("%d records, %+v", len(got), report)
	}
	equalRecords(t, got, want[:len(got)])

	// The same, when the file becomes another one while it is read.
	o, err := s.Open(ctx, s.Items[0], key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	f, err := os.OpenFile(main, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{cut[40] ^ 1}, 40); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Store(ctx, newTree(nil)); !errors.Is(err, modern.ErrDamaged) {
		t.Error(err)
	}
}

func TestMainCutAtEveryLength(t *testing.T) {
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
	key := string(readFile(t, vectors(t, "v2/aep_display.txt")))
	s := find(t, root)
	main := filepath.Join(root, s.Items[0].Name, "main")
	whole := readFile(t, main)
	for n := len(whole) - 1; n > 0; n-- {
		if n > 200 && n < len(whole)-200 && n%16 != 0 && n%7 != 0 {
			continue
		}
		if err := os.Truncate(main, int64(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(context.Background(), s.Items[0], key); !errors.Is(err, modern.ErrTruncated) && !errors.Is(err, modern.ErrDamaged) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}
