package archive

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAFingerprintIsOfAllThatBelongsToABackup(t *testing.T) {
	ctx := context.Background()
	root := copyFolder(t, vectors(t, "v2/SignalBackups"), filepath.Join(t.TempDir(), "SignalBackups"))
	s := find(t, root)
	print := func() [32]byte {
		t.Helper()
		sum, err := s.Fingerprint(ctx, s.Items[0])
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	media, err := filepath.Glob(filepath.Join(root, "files", "*", "*"))
	if err != nil || len(media) == 0 {
		t.Fatal(media, err)
	}
	last := print()
	if print() != last {
		t.Error("not the same again")
	}
	main := filepath.Join(root, s.Items[0].Name, "main")
	for i, change := range []func() error{
		func() error { return os.Chtimes(main, time.Time{}, time.Unix(1, 0)) },
		func() error { return os.Rename(media[0], media[0]+"x") },
		func() error { return os.Rename(media[0]+"x", media[0]) }, // the shard is what it was, but for the file's ctime
		func() error { return os.Chmod(media[0], 0o400) },
		func() error { return os.Truncate(media[0], 1) },
		func() error { return os.Remove(media[0]) },
		func() error { return os.RemoveAll(filepath.Join(root, "files")) },
		func() error { return os.Remove(filepath.Join(root, s.Items[0].Name, "metadata")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		now := print()
		if now == last {
			t.Errorf("change %d is not seen", i)
		}
		last = now
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := s.Fingerprint(stopped, s.Items[0]); err == nil {
		t.Error("it does not end")
	}
}
