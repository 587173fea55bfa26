package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

const someACI = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

// copyFolder copies a folder of the vectors.
func copyFolder(t testing.TB, from, to string) string {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestFindByContent(t *testing.T) {
	v2 := vectors(t, "v2/SignalBackups")
	dir := t.TempDir()
	renamed := copyFolder(t, v2, filepath.Join(dir, "a[b*", "my phone"))
	snapshot := "signal-backup-2026-01-02-03-04-05"
	other := copyFolder(t, filepath.Join(v2, snapshot), filepath.Join(dir, "renamed snapshot"))
	main := copyFolder(t, filepath.Join(v2, snapshot), filepath.Join(dir, "only"))
	os.Remove(filepath.Join(main, "metadata"))
	os.Remove(filepath.Join(main, "files"))
	old := writeFile(t, filepath.Join(dir, "old", "no name at all"), readFile(t, vectors(t, "legacy-v1.backup")))
	export := writeFile(t, filepath.Join(dir, "export", "main.jsonl"), readFile(t, vectors(t, "canonical-backup.takeout-export.expected.jsonl")))
	for path, want := range map[string]struct {
		format Format
		root   string
		items  int
		name   string
	}{
		v2:                                       {Modern, v2, 1, snapshot},
		filepath.Join(v2, snapshot):              {Modern, v2, 1, snapshot},
		filepath.Join(v2, snapshot, "main"):      {Modern, v2, 1, snapshot},
		renamed:                                  {Modern, renamed, 1, snapshot},
		filepath.Dir(renamed):                    {Modern, renamed, 1, snapshot},
		other:                                    {Modern, dir, 1, "renamed snapshot"},
		vectors(t, "generated/SignalBackups"):    {Modern, vectors(t, "generated/SignalBackups"), 3, "signal-backup-2026-03-02-02-41-42"},
		filepath.Join(main, "main"):              {Main, main, 1, "main"},
		vectors(t, "v2/plain.binproto"):          {Stream, vectors(t, "v2"), 1, "plain.binproto"},
		vectors(t, "canonical-backup.binproto"):  {Stream, filepath.Dir(v2 + "/.."), 1, "canonical-backup.binproto"},
		old:                                      {Legacy, filepath.Dir(old), 1, "no name at all"},
		vectors(t, "generated/legacy"):           {Legacy, vectors(t, "generated/legacy"), 3, "signal-2026-03-02-02-41-42.backup"},
		export:                                   {Export, filepath.Dir(export), 1, "main.jsonl"},
		filepath.Dir(export):                     {Export, filepath.Dir(export), 1, "main.jsonl"},
		filepath.Join(filepath.Dir(export), "."): {Export, filepath.Dir(export), 1, "main.jsonl"},
	} {
		s, err := Find(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if root, _ := filepath.Abs(want.root); s.Format != want.format || s.Path != root && want.format != Stream || len(s.Items) != want.items || s.Items[0].Name != want.name {
			t.Errorf("%s: %+v, want %+v", path, s, want)
		}
		for _, item := range s.Items {
			if item.Err != nil || item.Time.IsZero() && item.Name != "renamed snapshot" {
				t.Errorf("%s: %+v", path, item)
			}
			if _, err := s.ID(context.Background(), item); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	dir := t.TempDir()
	newer := readFile(t, vectors(t, "legacy-v1.backup"))
	newer = bytes.Replace(newer, []byte{0x18, 1}, []byte{0x18, 9}, 1)
	two := filepath.Join(dir, "two")
	for _, name := range []string{"a", "b"} {
		os.MkdirAll(filepath.Join(two, name, "signal-backup-2026-01-02-03-04-05"), 0o700)
	}
	os.Mkdir(filepath.Join(dir, "empty"), 0o700)
	for path, want := range map[string]error{
		filepath.Join(dir, "nothing"): os.ErrNotExist,
		filepath.Join(dir, "empty"):   ErrNoBackup,
		two:                           ErrSeveral,
		writeFile(t, filepath.Join(dir, "0"), nil):                      ErrNoBackup,
		writeFile(t, filepath.Join(dir, "text"), []byte("hello")):       ErrNoBackup,
		writeFile(t, filepath.Join(dir, "x.zip"), []byte("PK\x03\x04")): ErrNoBackup,
		writeFile(t, filepath.Join(dir, "newer"), newer):                legacy.ErrVersion,
		writeFile(t, filepath.Join(dir, "short"), newer[:20]):           legacy.ErrTruncated,
		vectors(t, "v2/remote.backup"):                                  modern.ErrRemote,
		"/dev/null":                                                     ErrNoBackup,
	} {
		if s, err := Find(path); !errors.Is(err, want) || s != nil {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func TestTimeOfALegacyFile(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "x"), nil)
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Time{
		"signal-2026-03-04-02-22-31.backup":        time.Date(2026, 3, 4, 2, 22, 31, 0, time.Local),
		"copy of signal-2026-03-04-02-22-31 (2)":   time.Date(2026, 3, 4, 2, 22, 31, 0, time.Local),
		"2026-03-04-02-22-31":                      time.Date(2026, 3, 4, 2, 22, 31, 0, time.Local),
		"signal-2026-13-04-02-22-31.backup":        at,
		"signal-2026-03-04.backup":                 at,
		"":                                         at,
		"signal-\xff2026-03-04-02-22-31\x00backup": time.Date(2026, 3, 4, 2, 22, 31, 0, time.Local),
	} {
		if got := legacyTime(name, info); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestOpenTellsErrorsApart(t *testing.T) {
	ctx := context.Background()
	key := string(readFile(t, vectors(t, "v2/aep_display.txt")))
	name := "signal-backup-2026-01-02-03-04-05"
	wrong := strings.Repeat("0", 64)
	for what, c := range map[string]struct {
		change  func(snapshot string)
		key     string
		account string
		want    error
	}{
		"good":          {func(string) {}, key, "", nil},
		"wrong key":     {func(string) {}, wrong, "", modern.ErrWrongKey},
		"no key":        {func(string) {}, "", "", modern.ErrKeyForm},
		"passphrase":    {func(string) {}, "123456789012345678901234567890", "", modern.ErrKeyForm},
		"bad account":   {func(string) {}, key, "me", errAny},
		"no main":       {func(s string) { os.Remove(filepath.Join(s, "main")) }, key, "", modern.ErrIncomplete},
		"no metadata":   {func(s string) { os.Remove(filepath.Join(s, "metadata")) }, key, "", modern.ErrIncomplete},
		"early app":     {func(s string) { os.WriteFile(filepath.Join(s, "metadata"), []byte{8, 1}, 0o600) }, key, "", modern.ErrNoACI},
		"early app, id": {func(s string) { os.WriteFile(filepath.Join(s, "metadata"), []byte{8, 1}, 0o600) }, key, someACI, nil},
		"newer":         {func(s string) { os.WriteFile(filepath.Join(s, "metadata"), []byte{8, 2}, 0o600) }, key, "", modern.ErrUnknownVersion},
		"cut":           {func(s string) { os.Truncate(filepath.Join(s, "main"), 1001) }, key, "", modern.ErrTruncated},
		"cut by blocks": {func(s string) { os.Truncate(filepath.Join(s, "main"), 1008) }, key, "", modern.ErrDamaged},
		"changed":       {func(s string) { flip(t, filepath.Join(s, "main"), 1000) }, key, "", modern.ErrDamaged},
		"half a folder": {func(s string) { os.Rename(s, s+"-tmp") }, key, "", modern.ErrIncomplete},
	} {
		root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
		c.change(filepath.Join(root, name))
		s, err := Find(root)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		s.Account = c.account
		b, err := s.Open(ctx, s.Items[0], c.key)
		if c.want == errAny && err != nil {
			continue
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if err == nil {
			if b.Account != someACI {
				t.Errorf("%s: account %s", what, b.Account)
			}
			b.Close()
		} else if strings.Contains(err.Error(), strings.TrimSpace(key)) {
			t.Errorf("%s: the error has the key", what)
		}
	}
}

var errAny = errors.New("any error")

func flip(t testing.TB, name string, at int) {
	t.Helper()
	b := readFile(t, name)
	b[at] ^= 1
	writeFile(t, name, b)
}

func TestMainByItself(t *testing.T) {
	ctx := context.Background()
	key := string(readFile(t, vectors(t, "v2/aep_display.txt")))
	folder := vectors(t, "v2/SignalBackups/signal-backup-2026-01-02-03-04-05")
	name := writeFile(t, filepath.Join(t.TempDir(), "main"), readFile(t, filepath.Join(folder, "main")))
	s := find(t, name)
	if _, err := s.Open(ctx, s.Items[0], key); !errors.Is(err, modern.ErrNoACI) {
		t.Error(err)
	}
	s.Account = "00000000-0000-0000-0000-000000000000"
	if _, err := s.Open(ctx, s.Items[0], key); !errors.Is(err, modern.ErrWrongKey) {
		t.Error(err)
	}
	s.Account = someACI
	_, report, a := store(t, s, s.Items[0], key, nil)
	want := recordsOf(t, filepath.Dir(folder), filepath.Base(folder), key)
	equalRecords(t, stored(t, a), want)
	if e := a.Envelope(); e.Format != Main || e.Account != someACI || e.Metadata != nil || report.Missing == 0 {
		t.Errorf("%+v", e)
	}
	if err := os.Truncate(name, 1001); err != nil {
		t.Fatal(err)
	}
	s = find(t, name)
	s.Account = someACI
	if _, err := s.Open(ctx, s.Items[0], key); !errors.Is(err, modern.ErrTruncated) {
		t.Error(err)
	}
}

func TestMediaAreMissingDamagedOrKept(t *testing.T) {
	key := string(readFile(t, vectors(t, "generated/recovery-key.txt")))
	root := copyFolder(t, vectors(t, "generated/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
	s := find(t, root)
	whole, good, _ := store(t, s, s.Items[2], key, nil)
	names, err := filepath.Glob(filepath.Join(root, "files", "*", "*"))
	if err != nil || len(names) < 4 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		flip(t, name, 20)
	}
	os.Remove(names[0])
	os.Truncate(names[1], 100)
	os.Truncate(names[2], 160)
	tree, report, a := store(t, s, s.Items[2], key, nil)
	if report.Media != 0 || len(tree.names(mediaName)) != 0 || report.Missing+report.DamagedMedia != good.Media || !a.Envelope().Whole {
		t.Errorf("%+v", report)
	}
	if err := report.Err(); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if len(report.First) != int(report.Missing+report.DamagedMedia) {
		t.Errorf("%q", report.First)
	}
	// What an earlier backup has is taken from there, and not opened at all.
	tree, report, _ = store(t, s, s.Items[2], key, whole)
	if report.Err() != nil || report.Media != good.Media || tree.reused != int(good.Media) {
		t.Errorf("%+v", report)
	}
	equalMedia(t, tree, whole)
}

func equalMedia(t testing.TB, a, b *memTree) {
	t.Helper()
	for _, name := range b.names(mediaName) {
		if f := a.files[name]; f == nil || !bytes.Equal(f.Data, b.files[name].Data) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestWrongKeyCostsNoMoreThanTheDerivation(t *testing.T) {
	// A huge sparse file with the beginning of a backup: reading it all would
	// take long.
	ctx := context.Background()
	dir := t.TempDir()
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(dir, "SignalBackups"))
	main := filepath.Join(root, "signal-backup-2026-01-02-03-04-05", "main")
	old := writeFile(t, filepath.Join(dir, "signal-2026-01-02-03-04-05.backup"), readFile(t, vectors(t, "legacy-v1.backup")))
	for _, name := range []string{main, old} {
		if err := os.Truncate(name, 1<<36); err != nil {
			t.Skip("no sparse files:", err)
		}
	}
	for path, c := range map[string]struct {
		key  string
		want error
	}{
		root: {strings.Repeat("k", 64), modern.ErrWrongKey},
		old:  {strings.Repeat("1", 30), legacy.ErrKey},
	} {
		s := find(t, path)
		start := time.Now()
		_, err := s.Open(ctx, s.Items[0], c.key)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", path, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v", path, took)
		}
	}
}

func TestAccountWithoutID(t *testing.T) {
	dir := t.TempDir()
	names := make(map[string]bool)
	for i, in := range [][][]byte{
		{info(1700000000000), frame(&signal.Account{ProfileKey: signal.NewSecret("a profile key"), GivenName: "Jo", FamilyName: "Doe"})},
		{info(1700000001000), text(1, 1, "later"), frame(&signal.Account{ProfileKey: signal.NewSecret("a profile key"), Username: signal.Some("jo.01")})},
		{info(1700000000000), frame(&signal.Account{ProfileKey: signal.NewSecret("another key")})},
		{info(1700000000000)},
	} {
		s := find(t, writeFile(t, filepath.Join(dir, "x"), stream(in...)))
		b, err := s.Open(context.Background(), s.Items[0], "")
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		if (i == 1) != names[b.Account] {
			t.Errorf("%d: %s", i, b.Account)
		}
		names[b.Account] = true
		if want := []string{"Jo Doe", "jo.01", "", ""}[i]; b.Owner != want {
			t.Errorf("%d: owner %q", i, b.Owner)
		}
	}
}

// Records of a version to come are kept as they are: what they mean is for readers
// to come. A version of the file metadata, which says what the keys are, is refused.
func TestRecordsOfANewerVersionAreStored(t *testing.T) {
	key := string(readFile(t, vectors(t, "v2/aep_display.txt")))
	k, err := modern.ParseRecoveryKey(key)
	if err != nil {
		t.Fatal(err)
	}
	root := vectors(t, "v2/SignalBackups")
	b, err := modern.OpenFolder(root).Open(context.Background(), "signal-backup-2026-01-02-03-04-05", k)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	for _, version := range []uint64{1, 2, 1 << 40} {
		first := signal.Append(nil, &signal.BackupInfo{Version: version, BackupTimeMs: 1700000000000})
		want := [][]byte{append(first, 0x7a, 1, 'x'), frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}), {0xfa, 7, 2, 'a', 'b'}}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(stream(want...))
		z.Close()
		mine := copyFolder(t, root, filepath.Join(t.TempDir(), "SignalBackups"))
		writeFile(t, filepath.Join(mine, b.Snapshot.Name, "main"), sealMain(t, b.Keys, packed.Bytes()))
		s := find(t, mine)
		open, err := s.Open(context.Background(), s.Items[0], key)
		if err != nil {
			t.Fatal(err)
		}
		open.Close()
		if newer := map[bool]uint64{true: version}[version > 1]; open.Newer != newer {
			t.Errorf("version %d: %d is newer", version, open.Newer)
		}
		_, report, a := store(t, s, s.Items[0], key, nil)
		if report.Err() != nil || report.Unknown != 1 || !a.Envelope().Whole {
			t.Errorf("version %d: %+v", version, report)
		}
		equalRecords(t, stored(t, a), want)
		out := copyOut(t, originalOf(t, a))
		equalRecords(t, recordsOf(t, filepath.Join(out, "SignalBackups"), b.Snapshot.Name, key), want)
	}
}
