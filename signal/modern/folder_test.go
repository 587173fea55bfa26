package modern

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"bakfs/signal"
)

const v2Name = "signal-backup-2026-01-02-03-04-05"

func openV2(t *testing.T) *Backup {
	t.Helper()
	f, _, err := Locate(vectors(t, "v2/SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	key := recoveryKey(t, string(readFile(t, vectors(t, "v2/aep_display.txt"))))
	b, err := f.Open(context.Background(), v2Name, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestTheFolderOpensWithTheKeyAsItIsShown(t *testing.T) {
	b := openV2(t)
	s := b.Records(context.Background())
	defer s.Close()
	plain := readFile(t, vectors(t, "v2/plain.binproto"))
	equalRecords(t, all(t, s), all(t, signal.NewRecordReader(bytes.NewReader(plain))))
	if got := string(b.ID[:]); got != string(unhex(t, "49f688c8be5582c0f818aa682c675208")) {
		t.Errorf("backup id %x", got)
	}
}

func TestAllMediaOfTheFolderDecrypt(t *testing.T) {
	b := openV2(t)
	var index MediaIndex
	finder := NewOwnerFinder(recoveryKey(t, knownKey).BackupKey(), b.ID)
	readFrames(t, b, func(f *signal.Frame) { index.Look(f); finder.Look(f) })
	if n := index.Check(b.Folder); n != 0 || len(index.Files) < 3 {
		t.Errorf("%d of %d media missing", n, len(index.Files))
	}
	for _, file := range index.Files {
		r, err := b.Folder.Media(context.Background(), file.Locator)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		if sum := sha256.Sum256(got); string(sum[:]) != string(file.Locator.PlaintextHash.V) {
			t.Errorf("%s: other bytes", file.Name)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if string(finder.Owner()) != string(unhex(t, knownACI)) {
		t.Errorf("owner %v", finder.Owner())
	}
}

// readFrames calls f for every frame of a backup.
func readFrames(t testing.TB, b *Backup, f func(*signal.Frame)) *signal.Reader {
	t.Helper()
	s := b.Records(context.Background())
	defer s.Close()
	r, err := signal.NewReader(s)
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := r.Next()
		if err == io.EOF {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		f(frame)
	}
}

func TestEveryPathToABackupIsUnderstood(t *testing.T) {
	root := filepath.Join(t.TempDir(), "renamed by its owner")
	for _, name := range []string{v2Name, "signal-backups-2026-01-03-03-04-05", "signal-backup-2026-01-04-00-00-00-tmp"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"main", "metadata"} {
		if err := os.WriteFile(filepath.Join(root, v2Name, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{root: "", filepath.Dir(root): "", filepath.Join(root, v2Name): v2Name,
		filepath.Join(root, "signal-backups-2026-01-03-03-04-05"): "signal-backups-2026-01-03-03-04-05"} {
		f, name, err := Locate(dir)
		if err != nil || name != want {
			t.Errorf("%s: %q, %v", dir, name, err)
			continue
		}
		list, err := f.Snapshots()
		if err != nil || len(list) != 3 {
			t.Fatalf("%v, %v", list, err)
		}
		if !list[0].Complete() || list[1].Complete() || len(list[1].Missing) != 2 || !list[2].Partial || list[2].Complete() {
			t.Errorf("%+v", list)
		}
		if got := list[0].Time.Format("2006-01-02 15:04:05 MST"); got != "2026-01-02 03:04:05 UTC" {
			t.Errorf("time %s", got)
		}
		for _, s := range list[1:] {
			if _, err := f.Open(context.Background(), s.Name, recoveryKey(t, knownKey)); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	if _, _, err := Locate(t.TempDir()); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("empty folder: %v", err)
	}
	if _, _, err := Locate(filepath.Join(root, "none")); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestMetadata(t *testing.T) {
	bk := recoveryKey(t, knownKey).BackupKey()
	raw := unhex(t, "080112200a0c6d2bd1c4ec2a9d17a993095b1210eec7bb0b6a03b2fb3ac5b79ec1612486")
	m, err := ParseMetadata(raw)
	if err != nil {
		t.Fatal(err)
	}
	id := m.ID(bk)
	if string(id[:]) != string(unhex(t, "49f688c8be5582c0f818aa682c675208")) {
		t.Errorf("id %x", id)
	}
	if got := AppendMetadata(nil, bk, id, [12]byte([]byte(m.IV))); !bytes.Equal(got, raw) {
		t.Errorf("written as %x", got)
	}
	long := signal.Append(nil, &signal.LocalMetadata{Version: 1, BackupID: &signal.EncryptedID{IV: "sixteen bytes IV", EncryptedID: "sixteen bytes ID"}})
	if _, err := ParseMetadata(long); err != nil {
		t.Errorf("IV of 16 bytes: %v", err)
	}
	for name, x := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":   {nil, ErrIncomplete},
		"version": {[]byte{8, 2}, ErrUnknownVersion},
		"no id":   {[]byte{8, 1}, ErrNoACI},
		"garbage": {[]byte("garbage"), signal.ErrBadRecord},
		"short":   {[]byte{8, 1, 0x12, 4, 0xa, 2, 1, 2}, ErrTruncated},
	} {
		if _, err := ParseMetadata(x.raw); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	for n := range raw {
		if _, err := ParseMetadata(raw[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
}

func TestAWrongKeyForAFolder(t *testing.T) {
	f, _, err := Locate(vectors(t, "v2/SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Open(context.Background(), v2Name, recoveryKey(t, strings.Repeat("m", 64)))
	if !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Open(context.Background(), "signal-backup-2020-01-01-00-00-00", recoveryKey(t, knownKey)); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("no such snapshot: %v", err)
	}
}

// knownMedia is the media file of the reference's known answers.
func knownMedia() (*signal.Locator, []byte) {
	key := make([]byte, 64)
	for i := range key {
		key[i] = byte(i)
	}
	plain := []byte("hello, attachment")
	sum := sha256.Sum256(plain)
	return &signal.Locator{Size: uint32(len(plain)), PlaintextHash: signal.Some(signal.Bytes(sum[:])),
		LocalKey: signal.Some(signal.NewSecret(string(key)))}, plain
}

func TestKnownMediaFile(t *testing.T) {
	l, plain := knownMedia()
	name, ok := MediaName(l)
	if !ok || name != "bb24badcff27452983ba485c3fcb6f87b9ecb6ec8a9842f438c1360927078a55" {
		t.Errorf("name %s", name)
	}
	var iv [16]byte
	for i := range iv {
		iv[i] = byte(0x40 + i)
	}
	key := []byte(l.LocalKey.V.Reveal())
	var b bytes.Buffer
	s, err := newSealer(&b, key[:32], key[32:], iv)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(plain)
	_, err = s.pad(1 << 30)
	if err := errors.Join(err, s.close()); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b.Bytes()); b.Len() != 592 ||
		string(sum[:]) != string(unhex(t, "a63a3d4eaa71cf6cf00e8da88549ed1e965abb8cbffd1a99a0f8d000bb12cfe5")) {
		t.Errorf("%d bytes, SHA-256 %x", b.Len(), sum)
	}
	got, err := readMedia(b.Bytes(), l)
	if err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%q, %v", got, err)
	}
}

func readMedia(b []byte, l *signal.Locator) ([]byte, error) {
	r, err := OpenMedia(context.Background(), bytes.NewReader(b), int64(len(b)), l)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestMediaThatIsNotWholeIsAnError(t *testing.T) {
	l, plain := knownMedia()
	var b bytes.Buffer
	if err := WriteMedia(&b, l, bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	if int64(len(whole)) != MediaSize(int64(len(plain))) {
		t.Errorf("%d bytes, MediaSize says %d", len(whole), MediaSize(int64(len(plain))))
	}
	for n := range whole {
		if _, err := readMedia(whole[:n], l); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d: %v", n, err)
		}
		bad := bytes.Clone(whole)
		bad[n] ^= 1
		if _, err := readMedia(bad, l); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
	other := *l
	other.Size--
	if _, err := readMedia(whole, &other); !errors.Is(err, ErrDamaged) {
		t.Errorf("another size: %v", err)
	}
	other.Size = 1 << 30
	if _, err := readMedia(whole, &other); !errors.Is(err, ErrTruncated) {
		t.Errorf("a larger size: %v", err)
	}
	if err := WriteMedia(io.Discard, l, strings.NewReader("another file")); !errors.Is(err, ErrDamaged) {
		t.Errorf("writing another file: %v", err)
	}
	if _, err := NewFolder(fstest.MapFS{}).Media(context.Background(), l); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := NewFolder(fstest.MapFS{}).Media(context.Background(), &signal.Locator{}); !errors.Is(err, ErrNoMedia) {
		t.Errorf("never there: %v", err)
	}
}

func TestASnapshotWithoutAnIDOpensWithTheACI(t *testing.T) {
	aci := signal.ServiceID(unhex(t, knownACI))
	bk := recoveryKey(t, knownKey).BackupKey()
	f := NewFolder(fstest.MapFS{
		v2Name + "/main":     {Data: seal(t, bk.Keys(bk.ID(aci)), sampleRecords())},
		v2Name + "/metadata": {Data: []byte{8, 1}},
	})
	ctx := context.Background()
	if _, err := f.Open(ctx, v2Name, recoveryKey(t, knownKey)); !errors.Is(err, ErrNoACI) {
		t.Errorf("without it: %v", err)
	}
	if _, err := f.OpenAs(ctx, v2Name, recoveryKey(t, knownKey), aci[1:]); !errors.Is(err, ErrWrongKey) {
		t.Errorf("with another: %v", err)
	}
	b, err := f.OpenAs(ctx, v2Name, recoveryKey(t, knownKey), aci)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := b.Records(ctx)
	defer s.Close()
	equalRecords(t, all(t, s), sampleRecords())
}

func TestPaddedLengths(t *testing.T) {
	for n, want := range map[int64]int64{0: 541, 541: 541, 542: 568, 568: 568, 569: 596, 1000: 1020, 4101: 4201, 65536: 67789, 100016: 100155, 1000000: 1041743} {
		if got := padded(n); got != want {
			t.Errorf("padded(%d) = %d, want %d", n, got, want)
		}
	}
}
