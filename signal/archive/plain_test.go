package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
)

func TestStreamComesBack(t *testing.T) {
	path := vectors(t, "v2/plain.binproto")
	s := find(t, path)
	_, report, a := store(t, s, s.Items[0], "", nil)
	equalRecords(t, stored(t, a), all(t, signal.NewRecordReader(bytes.NewReader(readFile(t, path)))))
	if e := a.Envelope(); e.Format != Stream || !e.Keys.Empty() || !strings.HasPrefix(e.Account, "unknown-") || len(e.Account) != 16 {
		t.Errorf("envelope %+v", e)
	}
	if report.Missing == 0 || !errors.Is(report.Err(), ErrMissing) {
		t.Errorf("no media are missing: %+v", report)
	}
	// With the account's id, and with the media that an earlier backup had.
	root := vectors(t, "v2/SignalBackups")
	f := find(t, root)
	before, _, of := store(t, f, f.Items[0], string(readFile(t, vectors(t, "v2/aep_display.txt"))), nil)
	s.Account = strings.ToUpper(of.Envelope().Account)
	tree, report, a := store(t, s, s.Items[0], "", before)
	if e := a.Envelope(); e.Account != of.Envelope().Account || report.Missing != 0 {
		t.Errorf("account %s, %+v", e.Account, report)
	}
	for _, name := range []string{framesName, orderName} {
		if !bytes.Equal(tree.files[name].Data, before.files[name].Data) {
			t.Errorf("%s is not that of the folder", name)
		}
	}
}

// makeExport writes the newest generated backup as a plaintext export.
func makeExport(t testing.TB) string {
	t.Helper()
	root := vectors(t, "generated/SignalBackups")
	k, err := modern.ParseRecoveryKey(string(readFile(t, vectors(t, "generated/recovery-key.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	folder := modern.NewFolder(os.DirFS(root))
	list, err := folder.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	b, err := folder.Open(ctx, list[len(list)-1].Name, k)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	records := b.Records(ctx)
	defer records.Close()
	dir := t.TempDir()
	var lines bytes.Buffer
	w := modern.NewExportWriter(&lines, modern.ExportOptions{})
	for i, rec := range all(t, records) {
		if err := w.Write(rec); err != nil {
			t.Fatal(i, err)
		}
		f := new(signal.Frame)
		if i == 0 || signal.Unmarshal(rec, f) != nil {
			continue
		}
		signal.Files(f, func(p *signal.FilePointer) {
			name, ok := modern.ExportMediaPath(p)
			if !ok {
				return
			}
			r, err := folder.Media(ctx, p.Locator)
			if err != nil {
				return
			}
			defer r.Close()
			var b bytes.Buffer
			if _, err := b.ReadFrom(r); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), b.Bytes())
		})
	}
	writeFile(t, filepath.Join(dir, modern.ExportMain), lines.Bytes())
	writeFile(t, filepath.Join(dir, modern.ExportMetadata), modern.AppendExportMetadata(nil))
	return dir
}

func TestExportComesBackLineByLine(t *testing.T) {
	dir := makeExport(t)
	lines := readFile(t, filepath.Join(dir, modern.ExportMain))
	for _, path := range []string{dir, filepath.Join(dir, modern.ExportMain)} {
		s := find(t, path)
		if s.Format != Export || s.NeedsKey() {
			t.Fatalf("found %+v", s)
		}
		tree, report, a := store(t, s, s.Items[0], "", nil)
		if !bytes.Equal(tree.files[exportMain].Data, lines) || tree.files[exportMetadata] == nil {
			t.Error("the lines are not the same")
		}
		equalRecords(t, stored(t, a), all(t, modern.NewExportReader(bytes.NewReader(lines))))
		if report.Media == 0 || report.Missing+report.DamagedMedia != 0 || report.Err() != nil || !a.Envelope().Whole {
			t.Errorf("%+v", report)
		}
		t.Logf("%+v", report)
	}
}

func TestExportWithDamage(t *testing.T) {
	dir := makeExport(t)
	main := filepath.Join(dir, modern.ExportMain)
	lines := bytes.SplitAfter(readFile(t, main), []byte("\n"))
	whole := len(lines)
	lines[len(lines)/2] = []byte("{\"chatItem\":{\n")
	writeFile(t, main, bytes.Join(lines, nil))
	var media []string
	filepath.WalkDir(filepath.Join(dir, "files"), func(p string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			media = append(media, p)
		}
		return nil
	})
	if err := os.WriteFile(media[0], []byte("another file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(media[1]); err != nil {
		t.Fatal(err)
	}
	s := find(t, dir)
	tree, report, a := store(t, s, s.Items[0], "", nil)
	if report.Damaged != 1 || report.DamagedMedia != 1 || report.Missing != 1 || len(report.First) != 3 {
		t.Errorf("%+v", report)
	}
	if err := report.Err(); !errors.Is(err, ErrDamaged) || !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	if got := len(stored(t, a)); got > whole-2 || got < whole-4 {
		t.Errorf("%d records of %d lines", got, whole)
	}
	if !bytes.Equal(tree.files[exportMain].Data, bytes.Join(lines, nil)) || !a.Envelope().Whole {
		t.Error("the damaged file is not stored as it is")
	}
}

func TestStreamCutAtEveryLength(t *testing.T) {
	whole := stream(info(1700000000000), frame(&signal.Account{GivenName: "Jo"}), frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}),
		frame(&signal.Chat{ID: 1, RecipientID: 1}), text(1, 1700000000000, "hello"), text(1, 1700000001000, "again"))
	records := all(t, signal.NewRecordReader(bytes.NewReader(whole)))
	name := filepath.Join(t.TempDir(), "x.binproto")
	for n := range whole {
		writeFile(t, name, whole[:n])
		s, err := Find(name)
		if err != nil {
			if !errors.Is(err, ErrNoBackup) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		if s.Format == Main {
			continue // of a length that one may have
		}
		_, report, a := store(t, s, s.Items[0], "", nil)
		got := stored(t, a)
		equalRecords(t, got, records[:len(got)])
		clean := len(stream(got...)) == n
		if report.Truncated == clean || a.Envelope().Whole != clean {
			t.Fatalf("%d bytes: %+v", n, report)
		}
	}
}

func TestDamagedRecordsStayAndAreReported(t *testing.T) {
	bad := []byte{2<<3 | 2, 3, 1<<3 | 2, 99, 0} // a recipient that ends too early
	odd := append(text(1, 5, "x"), 0xff)        // bytes that are no field behind a message
	newer := []byte{0xfa, 0x06, 1, 7}           // field 111
	double := append(frame(&signal.Chat{ID: 9, RecipientID: 1}), text(1, 6, "two items")...)
	in := [][]byte{info(1700000000000), frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}), frame(&signal.Chat{ID: 1, RecipientID: 1}),
		bad, text(1, 4, "a"), odd, newer, double, {}, text(77, 8, "of no chat"), text(1, 9, "b")}
	name := writeFile(t, filepath.Join(t.TempDir(), "x"), stream(in...))
	s := find(t, name)
	tree, report, a := store(t, s, s.Items[0], "", nil)
	equalRecords(t, stored(t, a), in)
	if report.Damaged != 2 || report.Unknown != 2 || report.Messages != 3 || report.Conversations != 2 || len(report.First) != 2 {
		t.Errorf("%+v", report)
	}
	if !strings.HasPrefix(report.First[0], "record 3: ") || !strings.HasPrefix(report.First[1], "record 5: ") {
		t.Errorf("%q", report.First)
	}
	want := []string{chatsName + "/" + ConversationDir("self") + "/1970-01", chatsName + "/" + ConversationDir("chat:77") + "/1970-01"}
	for _, name := range want {
		if tree.files[name] == nil {
			t.Errorf("no %s among %v", name, tree.names(chatsName))
		}
	}
}

func TestStoreSaysWhenTheFileChanges(t *testing.T) {
	name := writeFile(t, filepath.Join(t.TempDir(), "x"), stream(info(1700000000000), text(1, 4, "a")))
	b, err := find(t, name).Open(context.Background(), Item{Name: "x"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	writeFile(t, name, stream(info(1700000000000), text(1, 4, "b")))
	if _, err := b.Store(context.Background(), newTree(nil)); !errors.Is(err, modern.ErrDamaged) {
		t.Error(err)
	}
}

func TestStoreEndsWithTheTreesError(t *testing.T) {
	root := vectors(t, "generated/SignalBackups")
	key := string(readFile(t, vectors(t, "generated/recovery-key.txt")))
	s := find(t, root)
	whole, _, _ := store(t, s, s.Items[0], key, nil)
	for _, prefix := range []string{envelopeName, framesName, orderName, chatsName, mediaName} {
		b, err := s.Open(context.Background(), s.Items[0], key)
		if err != nil {
			t.Fatal(err)
		}
		tree := newTree(nil)
		tree.fail = func(name string) error {
			if strings.HasPrefix(name, prefix) {
				return errTest
			}
			return nil
		}
		if _, err := b.Store(context.Background(), tree); !errors.Is(err, errTest) {
			t.Errorf("%s: %v", prefix, err)
		}
		b.Close()
		if len(tree.files) >= len(whole.files) {
			t.Errorf("%s: %d files", prefix, len(tree.files))
		}
	}
}

func TestStoreEndsWithItsContext(t *testing.T) {
	root := vectors(t, "generated/SignalBackups")
	s := find(t, root)
	b, err := s.Open(context.Background(), s.Items[0], string(readFile(t, vectors(t, "generated/recovery-key.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("enough"))
	if _, err := b.Store(ctx, newTree(nil)); !errors.Is(err, context.Canceled) && err.Error() != "enough" {
		t.Error(err)
	}
}
