package modern

import (
	"bytes"
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bakfs/signal"
)

// copyBackup writes b as a new snapshot of a new folder.
func copyBackup(t *testing.T, b *Backup, root, name string) {
	t.Helper()
	ctx := context.Background()
	w, err := CreateSnapshot(root, name, b.Keys, b.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	s := b.Records(ctx)
	defer s.Close()
	for _, rec := range all(t, s) {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	var index MediaIndex
	readFrames(t, b, func(f *signal.Frame) { index.Look(f) })
	for _, file := range index.Files {
		r, err := b.Folder.Media(ctx, file.Locator)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Media(file.Locator, r), r.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAWrittenFolderOpensWithTheOriginalKey(t *testing.T) {
	src := openV2(t)
	root := filepath.Join(t.TempDir(), "SignalBackups")
	const name = "signal-backup-2026-02-03-04-05-06"
	copyBackup(t, src, root, name)
	f, _, err := Locate(root)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Open(context.Background(), name, recoveryKey(t, knownKey))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got, want := b.Records(context.Background()), src.Records(context.Background())
	defer got.Close()
	defer want.Close()
	equalRecords(t, all(t, got), all(t, want))
	var index MediaIndex
	readFrames(t, b, func(f *signal.Frame) { index.Look(f) })
	if n := index.Check(f); n != 0 {
		t.Errorf("%d media missing", n)
	}
	for _, file := range index.Files {
		r, err := f.Media(context.Background(), file.Locator)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Error(err)
		}
		r.Close()
	}
	names, err := ReadFilesList(bytes.NewReader(readFile(t, filepath.Join(root, name, "files"))))
	if err != nil || len(names) != len(index.Files) {
		t.Errorf("%d names on the list, %v", len(names), err)
	}
	for i, file := range index.Files {
		if names[i] != file.Name {
			t.Errorf("name %d is %s", i, names[i])
		}
	}
}

func TestASnapshotThatIsNotFinishedIsTakenForOne(t *testing.T) {
	src := openV2(t)
	root := t.TempDir()
	const name = "signal-backup-2026-02-03-04-05-06"
	w, err := CreateSnapshot(root, name, src.Keys, src.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	list, err := NewFolder(os.DirFS(root)).Snapshots()
	if err != nil || len(list) != 1 || list[0].Complete() {
		t.Errorf("%+v, %v", list, err)
	}
	w.Abort()
	entries, err := os.ReadDir(root)
	if err != nil || slices.ContainsFunc(entries, func(e iofs.DirEntry) bool { return snapshotName.MatchString(e.Name()) }) {
		t.Errorf("left after Abort: %v, %v", entries, err)
	}
	copyBackup(t, src, root, name)
	if _, err := CreateSnapshot(root, name, src.Keys, src.Metadata); !errors.Is(err, iofs.ErrExist) {
		t.Errorf("a second one of the name: %v", err)
	}
	for _, bad := range []string{"", "../x", "signal-backup-2026", name + "-tmp"} {
		if _, err := CreateSnapshot(root, bad, src.Keys, src.Metadata); err == nil {
			t.Errorf("name %q taken", bad)
		}
	}
}

func TestWrongMediaLeavesNothing(t *testing.T) {
	root := t.TempDir()
	w, err := CreateSnapshot(root, v2Name, testKeys(), []byte{8, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	l, plain := knownMedia()
	name, _ := MediaName(l)
	dest := filepath.Join(root, mediaPath(name))
	if err := w.Media(l, bytes.NewReader(plain[1:])); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dest); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("a wrong file is in the store: %v", err)
	}
	if err := w.Media(l, bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	if got, err := readMedia(readFile(t, dest), l); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%q, %v", got, err)
	}
}

// A writer whose n-th write fails must not make a whole file.
func TestAFailingDiskIsAnError(t *testing.T) {
	whole := len(seal(t, testKeys(), sampleRecords()))
	for n := range whole {
		w, err := NewMainWriter(&limitedWriter{left: n}, testKeys(), [16]byte{})
		for _, rec := range sampleRecords() {
			if err == nil {
				err = w.Write(rec)
			}
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("disk of %d bytes: %v", n, err)
		}
	}
}

var errDisk = errors.New("disk full")

type limitedWriter struct{ left int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, errDisk
	}
	w.left -= len(p)
	return len(p), nil
}

func TestTheFilesListKeepsPathsOut(t *testing.T) {
	good := AppendFilesRecord(nil, "bb24badcff27452983ba485c3fcb6f87b9ecb6ec8a9842f438c1360927078a55")
	bad := AppendFilesRecord(good, "../../../../../../../../../../../../../../../../../../etc/passwd")
	names, err := ReadFilesList(bytes.NewReader(bad))
	if err != nil || len(names) != 1 {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := ReadFilesList(bytes.NewReader(good[:20])); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
}
