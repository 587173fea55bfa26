package archive

import (
	"bytes"
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// newer is a legacy file of a version to come.
func newer(t testing.TB) []byte {
	return bytes.Replace(readFile(t, vectors(t, "legacy-v1.backup")), []byte{0x18, 1}, []byte{0x18, 9}, 1)
}

// soon fails if f does not return at once.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		t.Fatal("it waits")
	}
}

// A file that cannot be stored beside one that can must not be passed over.
func TestFindTellsOfEveryLegacyFile(t *testing.T) {
	dir := t.TempDir()
	good := readFile(t, vectors(t, "legacy-v1.backup"))
	want := map[string]error{
		"signal-2026-01-01-00-00-00.backup":     nil,
		"signal-2026-01-02-00-00-00.backup":     legacy.ErrVersion,
		"signal-2026-01-03-00-00-00.backup":     legacy.ErrTruncated,
		"signal-2026-01-04-00-00-00.backup":     legacy.ErrTruncated,
		"signal-2026-01-05-00-00-00.backup":     legacy.ErrNotBackup,
		"signal-2026-01-06-00-00-00.backup":     legacy.ErrNotBackup,
		"signal-2026-01-07-00-00-00.backup":     os.ErrNotExist,
		"signal-2026-01-08-00-00-00.backup":     modern.ErrDamaged,
		"signal-2026-01-09-00-00-00.backup":     modern.ErrRemote,
		"signal-2026-01-10-00-00-00 (1).backup": nil,
		"any name.backup":                       nil,
		"any other.backup":                      legacy.ErrVersion,
	}
	for name, b := range map[string][]byte{
		"signal-2026-01-01-00-00-00.backup":     good,
		"signal-2026-01-02-00-00-00.backup":     newer(t),
		"signal-2026-01-03-00-00-00.backup":     good[:20],
		"signal-2026-01-04-00-00-00.backup":     nil,
		"signal-2026-01-05-00-00-00.backup":     []byte("<html>Login</html>"),
		"signal-2026-01-06-00-00-00.backup":     make([]byte, 6400), // as long as a main may be
		"signal-2026-01-09-00-00-00.backup":     readFile(t, vectors(t, "v2/remote.backup")),
		"signal-2026-01-10-00-00-00 (1).backup": good,
		"any name.backup":                       good,
		"any other.backup":                      newer(t),
		"of another program.backup":             []byte("hello"),
		"of a third.backup":                     make([]byte, 6400),
		"empty.backup":                          nil,
		"notes.txt":                             good,
	} {
		writeFile(t, filepath.Join(dir, name), b)
	}
	err := errors.Join(os.Symlink("nowhere", filepath.Join(dir, "signal-2026-01-07-00-00-00.backup")),
		syscall.Mkfifo(filepath.Join(dir, "signal-2026-01-08-00-00-00.backup"), 0o600),
		syscall.Mkfifo(filepath.Join(dir, "pipe.backup"), 0o600), os.Mkdir(filepath.Join(dir, "signal-folder.backup"), 0o700))
	if err != nil {
		t.Fatal(err)
	}
	soon(t, func() {
		s, err := Find(dir)
		if err != nil || s.Format != Legacy {
			t.Errorf("%+v, %v", s, err)
			return
		}
		for _, item := range s.Items {
			err, known := want[item.Name]
			if delete(want, item.Name); !known || (err == nil) != (item.Err == nil) || !errors.Is(item.Err, err) {
				t.Errorf("%s: %v, want %v", item.Name, item.Err, err)
			}
			if item.Err != nil && (strings.Contains(item.Err.Error(), item.Name) || strings.Contains(item.Err.Error(), dir)) {
				t.Errorf("the error names the item: %v", item.Err)
			}
		}
		if len(want) > 0 {
			t.Errorf("passed over: %v", want)
		}
	})
}

// A phone's folder after it went over to the new kind of backup has both.
func TestFindAllLeavesNothingOut(t *testing.T) {
	dir := t.TempDir()
	legacyName, snapshot := "signal-2026-01-01-00-00-00.backup", "signal-backup-2026-01-02-03-04-05"
	for _, root := range []string{"SignalBackups", "another phone"} {
		copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(dir, root))
	}
	writeFile(t, filepath.Join(dir, legacyName), readFile(t, vectors(t, "legacy-v1.backup")))
	writeFile(t, filepath.Join(dir, "main.jsonl"), readFile(t, vectors(t, "canonical-backup.takeout-export.expected.jsonl")))
	writeFile(t, filepath.Join(dir, "plain.backup"), readFile(t, vectors(t, "v2/plain.binproto")))
	writeFile(t, filepath.Join(dir, "SignalBackups", legacyName), readFile(t, vectors(t, "legacy-v1.backup")))
	modernNames := []string{"SignalBackups/" + snapshot}
	for path, want := range map[string][]string{
		"":                                    {"SignalBackups/" + snapshot, "another phone/" + snapshot, legacyName, "main.jsonl", "plain.backup"},
		"SignalBackups":                       {"SignalBackups/" + snapshot, "SignalBackups/" + legacyName},
		"SignalBackups/" + snapshot:           modernNames,
		"SignalBackups/" + snapshot + "/main": modernNames,
		"another phone":                       {"another phone/" + snapshot},
	} {
		path = filepath.Join(dir, path)
		all, err := FindAll(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var got []string
		for _, s := range all {
			for _, item := range s.Items {
				name, err := filepath.Rel(dir, filepath.Join(s.Path, item.Name))
				if err != nil {
					t.Fatal(err)
				}
				if item.Err != nil {
					t.Errorf("%s: %v", name, item.Err)
				}
				if _, err := s.ID(context.Background(), item); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				got = append(got, name)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", path, got, want)
		}
		if _, err := Find(path); (len(all) == 1) != (err == nil) || err != nil && !errors.Is(err, ErrSeveral) {
			t.Errorf("Find of %d: %v", len(all), err)
		}
	}
}

// What interrupted apps leave behind is told as that, and named by the caller only.
func TestUnfinishedSnapshotsAreItemsWithAnError(t *testing.T) {
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
	name := "signal-backup-2026-01-02-03-04-05"
	copyFolder(t, filepath.Join(root, name), filepath.Join(root, "signal-backup-2026-01-03-03-04-05-tmp"))
	if err := os.MkdirAll(filepath.Join(root, "signal-backup-2026-01-04-03-04-05"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := find(t, root)
	if len(s.Items) != 3 || s.Items[0].Err != nil {
		t.Fatalf("%+v", s.Items)
	}
	for i, want := range []string{"it was not finished: ", "it lacks main and metadata: "} {
		item := s.Items[i+1]
		_, err := s.Open(context.Background(), item, "")
		for _, err := range []error{item.Err, err} {
			if !errors.Is(err, modern.ErrIncomplete) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "signal-backup") {
				t.Errorf("%s: %v", item.Name, err)
			}
		}
	}
}

// A backup folder that nobody may list is told of, whatever is beside it.
func TestBackupFolderThatCannotBeListed(t *testing.T) {
	s := findFolder(filepath.Join(t.TempDir(), "SignalBackups"), "")
	if len(s.Items) != 1 || s.Items[0].Name != "SignalBackups" || !errors.Is(s.Items[0].Err, iofs.ErrNotExist) || strings.Contains(s.Items[0].Err.Error(), "SignalBackups") {
		t.Errorf("%+v", s)
	}
}

func TestNoErrorNamesTheItem(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(dir, "SignalBackups"))
	old := writeFile(t, filepath.Join(dir, "old", "signal-2026-01-01-00-00-00.backup"), readFile(t, vectors(t, "legacy-v1.backup")))
	export := writeFile(t, filepath.Join(dir, "export", "main.jsonl"), readFile(t, vectors(t, "canonical-backup.takeout-export.expected.jsonl")))
	for path, key := range map[string]string{root: strings.Repeat("0", 64), old: strings.Repeat("1", 30), export: ""} {
		s := find(t, path)
		item := s.Items[0]
		check := func(what string, err error) {
			t.Helper()
			if err == nil || strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), item.Name) {
				t.Errorf("%s of %s: %v", what, item.Name, err)
			}
		}
		if s.NeedsKey() {
			_, err := s.Open(ctx, item, key)
			check("wrong key", err)
			_, err = s.Open(ctx, item, "?")
			check("no key", err)
		}
		s.Account = "me"
		_, err := s.Open(ctx, item, key)
		check("account", err)
		s.Account = ""
		if err := os.Rename(path, path+"-away"); err != nil {
			t.Fatal(err)
		}
		_, err = s.ID(ctx, item)
		check("ID", err)
		_, err = s.Open(ctx, item, key)
		check("Open", err)
		if _, err = FindAll(path); err == nil || strings.Contains(err.Error(), dir) {
			t.Errorf("FindAll: %v", err)
		}
	}
}

// A pipe in the place of any file is refused, and not waited for.
func TestPipesAreNotWaitedFor(t *testing.T) {
	ctx := context.Background()
	key := string(readFile(t, vectors(t, "v2/aep_display.txt")))
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
	s := find(t, root)
	_, good, _ := store(t, s, s.Items[0], key, nil)
	names, err := filepath.Glob(filepath.Join(root, "files", "*", "*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	pipe := func(name string) {
		t.Helper()
		if err := errors.Join(os.Remove(name), syscall.Mkfifo(name, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		pipe(name)
	}
	soon(t, func() {
		_, report, _ := store(t, s, s.Items[0], key, nil)
		if report.Media != 0 || report.DamagedMedia != good.Media {
			t.Errorf("%+v", report)
		}
	})
	dir := makeExport(t)
	s = find(t, dir)
	_, good, _ = store(t, s, s.Items[0], "", nil)
	err = filepath.WalkDir(filepath.Join(dir, "files"), func(name string, d iofs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			pipe(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, func() {
		_, report, _ := store(t, s, s.Items[0], "", nil)
		if report.Media != 0 || report.DamagedMedia != good.Media {
			t.Errorf("%+v", report)
		}
	})
	pipe(filepath.Join(dir, modern.ExportMetadata))
	soon(t, func() {
		_, err := s.Open(ctx, s.Items[0], "")
		if !errors.Is(err, modern.ErrDamaged) || !strings.HasPrefix(err.Error(), modern.ExportMetadata+": ") || strings.Contains(err.Error(), dir) {
			t.Error(err)
		}
	})
	pipe(filepath.Join(dir, modern.ExportMain))
	soon(t, func() {
		if _, err := s.Open(ctx, s.Items[0], ""); !errors.Is(err, modern.ErrDamaged) {
			t.Error(err)
		}
		if _, err := s.ID(ctx, s.Items[0]); !errors.Is(err, modern.ErrDamaged) {
			t.Error(err)
		}
	})
}

// A metadata.json that is not read whole is not stored as if it were.
func TestLongMetadataOfAnExportIsRefused(t *testing.T) {
	dir := makeExport(t)
	s := find(t, dir)
	meta := modern.AppendExportMetadata(nil)
	meta = append(meta, bytes.Repeat([]byte(" "), maxMetadata-len(meta))...)
	writeFile(t, filepath.Join(dir, modern.ExportMetadata), meta)
	if tree, _, _ := store(t, s, s.Items[0], "", nil); !bytes.Equal(tree.files[exportMetadata].Data, meta) {
		t.Error("it was changed")
	}
	writeFile(t, filepath.Join(dir, modern.ExportMetadata), append(meta, '\n'))
	if _, err := s.Open(context.Background(), s.Items[0], ""); !errors.Is(err, modern.ErrUnknownVersion) {
		t.Error(err)
	}
}
