package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
	"bakfs/signal/sample"
)

// wire is a field of bytes.
func wire(num byte, b []byte) []byte {
	return append(binary.AppendUvarint([]byte{num<<3 | 2}, uint64(len(b))), b...)
}

// oldPointer is a pointer as apps wrote it before August 2025.
func oldPointer(t testing.TB, name string, key []byte, size int) *signal.FilePointer {
	t.Helper()
	local := bytes.Join([][]byte{wire(1, []byte(name)), wire(2, key), binary.AppendUvarint([]byte{5 << 3}, uint64(size))}, nil)
	p := new(signal.FilePointer)
	if err := signal.Unmarshal(bytes.Join([][]byte{wire(4, []byte("image/jpeg")), wire(7, []byte("a.jpg")), wire(12, local)}, nil), p); err != nil {
		t.Fatal(err)
	}
	return p
}

// An oldFile is a file of media that only a retired field names.
type oldFile struct {
	content []byte
	name    string // in the store
	key     []byte
}

func newOldFile(content string, key byte) oldFile {
	f := oldFile{content: []byte(content), key: bytes.Repeat([]byte{key}, 64)}
	hash := sha256.Sum256(f.content)
	f.name = fmt.Sprintf("%x", sha256.Sum256(append(hash[:], f.key...)))
	return f
}

func (f oldFile) locator() *signal.Locator {
	hash := sha256.Sum256(f.content)
	return &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(hash[:])), LocalKey: signal.Some(signal.NewSecret(string(f.key))), Size: uint32(len(f.content))}
}

// oldFolder writes a backup folder whose messages point to files by retired fields,
// and to the first by today's too.
func oldFolder(t testing.TB, files ...oldFile) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "SignalBackups")
	key, err := modern.ParseRecoveryKey(sample.Key)
	if err != nil {
		t.Fatal(err)
	}
	k := key.BackupKey()
	aci := signal.ServiceID("\x01\x02\x03\x04\x05\x06\x47\x08\x89\x0a\x0b\x0c\x0d\x0e\x0f\x10")
	id := k.ID(aci)
	w, err := modern.CreateSnapshot(root, "signal-backup-2025-06-01-03-00-00", k.Keys(id), modern.AppendMetadata(nil, k, id, [12]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	records := [][]byte{info(1_748_700_000_000), frame(&signal.Account{GivenName: "Jana", ProfileKey: signal.NewSecret(strings.Repeat("p", 32))}),
		frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}), frame(&signal.Chat{ID: 1, RecipientID: 1})}
	message := func(p *signal.FilePointer) {
		records = append(records, frame(&signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: signal.Millis(1_748_600_000_000 + len(records)), Outgoing: &signal.Outgoing{},
			Body: &signal.StandardMessage{Attachments: []signal.Attachment{{Pointer: p}}}}))
	}
	for _, f := range files {
		message(oldPointer(t, f.name, f.key, len(f.content)))
	}
	message(oldPointer(t, "../../etc/passwd", files[0].key, 4))
	message(&signal.FilePointer{Locator: files[0].locator()})
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if err := w.Media(f.locator(), bytes.NewReader(f.content)); err != nil {
			t.Fatal(err)
		}
		made, _ := modern.MediaName(f.locator())
		store := filepath.Join(root, "files")
		if err := os.MkdirAll(filepath.Join(store, f.name[:2]), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(store, made[:2], made), filepath.Join(store, f.name[:2], f.name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return root
}

// pointersOf are what the messages point to.
func pointersOf(t testing.TB, records [][]byte) (list []*signal.FilePointer) {
	t.Helper()
	for _, rec := range records {
		f := new(signal.Frame)
		if signal.Unmarshal(rec, f) == nil {
			signal.Files(f, func(p *signal.FilePointer) { list = append(list, p) })
		}
	}
	return list
}

// Files that only the retired field localLocator names are stored decoded, found by
// their names, and come out again as the phone's store has them.
func TestRetiredFiles(t *testing.T) {
	ctx := context.Background()
	other := newOldFile("another photo", 2)
	other.name = strings.Repeat("ab", 32) // not made by today's rule
	large := newOldFile(strings.Repeat("a long film ", 1_000_000), 3)
	files := []oldFile{newOldFile("\xff\xd8\xff a photo", 1), other, large, newOldFile("\xff\xd8\xff a photo", 4)}
	root := oldFolder(t, files...)
	s := find(t, root)
	tree, report, a := store(t, s, s.Items[0], sample.Key, nil)
	if report.Err() != nil || report.Media != 3 || report.Missing != 0 || report.DamagedMedia != 0 {
		t.Fatalf("%+v", report)
	}
	for _, f := range files {
		hash, err := a.RetiredHash(ctx, f.name)
		if err != nil || hash != hex.EncodeToString([]byte(sum(f.content))) || !bytes.Equal(tree.files[mediaPath(hash)].Data, f.content) {
			t.Errorf("%.8s: %q, %v", f.name, hash, err)
		}
		if RetiredName(oldPointer(t, f.name, f.key, 5)) != f.name || RetiredSize(oldPointer(t, f.name, f.key, 5)) != 5 {
			t.Errorf("%.8s is not told", f.name)
		}
	}
	if hash, err := a.RetiredHash(ctx, strings.Repeat("0", 64)); hash != "" || err != nil {
		t.Error(hash, err)
	}
	for _, p := range []*signal.FilePointer{oldPointer(t, "../../etc/passwd", files[0].key, 4), oldPointer(t, files[0].name, files[0].key[:63], 4), {Locator: files[0].locator()}, {}} {
		if name := RetiredName(p); name != "" {
			t.Errorf("%+v: %q", p, name)
		}
	}
	again, _, _ := store(t, s, s.Items[0], sample.Key, tree)
	sameTree(t, again, tree)
	if again.reused != 3 {
		t.Errorf("%d files were taken over", again.reused)
	}

	out := copyOut(t, originalOf(t, a))
	made := find(t, filepath.Join(out, "SignalBackups"))
	equalRecords(t, recordsOf(t, filepath.Join(out, "SignalBackups"), made.Items[0].Name, sample.Key), stored(t, a))
	second, report, _ := store(t, made, made.Items[0], sample.Key, nil)
	if report.Err() != nil || report.Media != 3 {
		t.Errorf("what was made again: %+v", report)
	}
	for name, f := range tree.files {
		if strings.HasPrefix(name, "media/") || name == retiredName {
			if g := second.files[name]; g == nil || !bytes.Equal(g.Data, f.Data) {
				t.Errorf("what was made again has another %s", name)
			}
		}
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(out, "SignalBackups", "files", f.name[:2], f.name)); err != nil {
			t.Error(err)
		}
	}
	exportsRetired(t, a, files)
}

// exportsRetired fails unless a plaintext export has the files where it says.
func exportsRetired(t *testing.T, a *Archive, files []oldFile) {
	tree, err := a.Plaintext(context.Background(), modern.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := copyOut(t, tree)
	_, _, plain := store(t, find(t, dir), find(t, dir).Items[0], "", nil)
	list := pointersOf(t, stored(t, plain))
	for i, f := range files {
		name, ok := modern.ExportMediaPath(list[i])
		b, err := os.ReadFile(filepath.Join(dir, name))
		if !ok || err != nil || !bytes.Equal(b, f.content) {
			t.Errorf("%.8s in an export: %q, %v", f.name, name, err)
		}
		if m, err := plain.Media(context.Background(), FileHash(list[i].Locator)); err != nil || m.Size != int64(len(f.content)) {
			t.Errorf("%.8s: %v", f.name, err)
		}
	}
}

func TestRetiredFilesThatAreDamagedOrMissing(t *testing.T) {
	files := []oldFile{newOldFile("a photo", 1), newOldFile("another one", 2), newOldFile("a third", 3)}
	root := oldFolder(t, files...)
	at := func(f oldFile) string { return filepath.Join(root, "files", f.name[:2], f.name) }
	b := readFile(t, at(files[1]))
	b[20] ^= 1
	writeFile(t, at(files[1]), b)
	if err := os.Remove(at(files[2])); err != nil {
		t.Fatal(err)
	}
	s := find(t, root)
	_, report, a := store(t, s, s.Items[0], sample.Key, nil)
	if report.Missing != 1 || report.DamagedMedia != 1 || report.Media != 1 || report.Err() == nil {
		t.Fatalf("%+v", report)
	}
	for i, want := range []bool{true, false, false} {
		if hash, err := a.RetiredHash(context.Background(), files[i].name); err != nil || (hash != "") != want {
			t.Errorf("%d: %q, %v", i, hash, err)
		}
	}
}

func TestRetiredListIsChecked(t *testing.T) {
	f := newOldFile("a photo", 1)
	root := oldFolder(t, f, newOldFile("b", 2))
	s := find(t, root)
	tree, _, _ := store(t, s, s.Items[0], sample.Key, nil)
	good := tree.files[retiredName].Data
	if _, err := parseRetired(good); err != nil || len(good) != len(retiredMagic)+2*retiredSize {
		t.Fatal(err)
	}
	head := len(retiredMagic)
	for name, b := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "other": append([]byte("x"), good[1:]...),
		"twice":    append(bytes.Clone(good[:head+retiredSize]), good[head:head+retiredSize]...),
		"unsorted": bytes.Join([][]byte{good[:head], good[head+retiredSize:], good[head : head+retiredSize]}, nil),
	} {
		tree.files[retiredName].Data = b
		a, err := Open(tree.files)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.RetiredHash(context.Background(), f.name); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := a.Original(context.Background()); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRetired(f *testing.F) {
	f.Add([]byte(retiredMagic + strings.Repeat("a", retiredSize) + strings.Repeat("b", retiredSize)))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseRetired(b)
		if err != nil {
			return
		}
		for i := 0; i < len(list); i += retiredSize {
			if hash, ok := list.find(hex.EncodeToString(list[i : i+32])); !ok || !bytes.Equal(hash[:], list[i+32:i+retiredSize]) {
				t.Fatalf("entry %d is not found", i/retiredSize)
			}
		}
	})
}
