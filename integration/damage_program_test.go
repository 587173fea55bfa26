package integration

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bakfs/seal"
)

// What the commands say of damage, as typed: check and restore name the object and the
// files, by the exit codes they promise, and snapshots that do not need it are whole.
func TestDamageAsTyped(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	early, late := newSource(t), newSource(t)
	check(t, os.WriteFile(early+"/early", content("random", 1, 100_000), 0o600))
	check(t, os.WriteFile(late+"/late", content("random", 2, 100_000), 0o600))
	check(t, os.WriteFile(late+"/small", []byte("inline"), 0o600))
	first := f.backup(early)
	before := filesOf(t, f.dir)
	second := f.backup(late)
	var objects []string
	for _, path := range filesOf(t, f.dir) {
		if !slices.Contains(before, path) {
			objects = append(objects, path)
		}
	}
	if len(objects) != 3 {
		t.Fatalf("a backup wrote %q", objects)
	}
	whole := look(t, early)
	for _, path := range objects {
		b, err := os.ReadFile(path)
		check(t, err)
		flipped := bytes.Clone(b)
		flipped[objectHead+100] ^= 1
		for what, data := range map[string][]byte{"flipped": flipped, "cut": b[:len(b)/2], "cut odd": b[:len(b)-1], "empty": {}, "gone": nil} {
			if data == nil {
				check(t, os.Remove(path))
			} else {
				check(t, os.WriteFile(path, data, 0o600))
			}
			name, m := what+" "+filepath.Base(path), f.machine()
			unseen := data == nil && strings.Contains(path, "/journal/") // by a device that comes later
			r := m.run("check", "--read-data", "--json")
			named := strings.Contains(r.stdout, filepath.Base(path)) || data == nil
			if unseen != (r.code == 0) || !unseen && r.code != 13 && r.code != 14 || !unseen && !named {
				t.Errorf("%s: check: exit code %d\n%s%s", name, r.code, r.stdout, r.stderr)
			}
			same(t, name, whole, look(t, m.restore(first.ID.String(), early)))
			dest := filepath.Join(tempDir(t), "dest")
			if r := m.run("restore", second.ID.String()+":"+late, dest); r.code == 0 || r.code == 2 {
				t.Errorf("%s: restore: exit code %d\n%s", name, r.code, r.stderr)
			}
			for _, e := range globbed(t, dest+"/*") {
				want, err := os.ReadFile(late + "/" + filepath.Base(e))
				check(t, err)
				if got, err := os.ReadFile(e); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: SILENT: restored %s is another: %v", name, e, err)
				}
			}
			check(t, os.WriteFile(path, b, 0o600))
		}
	}
}

// Through a mount damage is an error in its range of its file, and nowhere else: every
// name is listed, every other byte is right.
func TestDamageMounted(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	f := newForge(t, seal.NewRecoveryKey())
	src := newSource(t)
	files := map[string][]byte{"a": content("random", 1, 1_200_000), "b": content("random", 2, 900_000), "c": content("text", 3, 400_000), "inline": []byte("x")}
	for name, data := range files {
		check(t, os.WriteFile(src+"/"+name, data, 0o600))
	}
	f.backup(src)
	want := look(t, src)
	var pack string
	for _, path := range filesOf(t, f.dir) {
		if info, err := os.Stat(path); err == nil && info.Size() >= 2<<20 {
			pack = path
		}
	}
	b, err := os.ReadFile(pack)
	check(t, err)
	for n, at := range []int{objectHead + 30*sealedBlock + 5, objectHead + 70*sealedBlock - 1} { // in a block, in a tag
		damaged := bytes.Clone(b)
		damaged[at] ^= 0x80
		check(t, os.WriteFile(pack, damaged, 0o600))
		m := f.machine()
		v := m.mount()
		entries, err := os.ReadDir(v.files(src))
		if err != nil || len(entries) != len(files) {
			t.Errorf("%d names, %v", len(entries), err)
		}
		bad := map[string]int{}
		for name, data := range files {
			if x, _, err := lookAt(v.files(src) + "/" + name); err == nil && x.content != want[name].content {
				t.Errorf("SILENT: %s", name)
			}
			bad[name] = readPieces(t, v.files(src)+"/"+name, data)
		}
		if bad["a"]+bad["b"]+bad["c"]+bad["inline"] == 0 {
			t.Errorf("damage %d does not show", n)
		}
		whole := 0
		for _, pieces := range bad {
			if pieces == 0 {
				whole++
			}
			if pieces > 1<<20/4096 { // one chunk
				t.Errorf("damage %d: %d pages cannot be read", n, pieces)
			}
		}
		if whole != len(files)-1 {
			t.Errorf("damage %d: %v pages cannot be read", n, bad)
		}
		v.umount()
	}
}

// readPieces reads a file page by page and counts those that are errors; the others
// must be right.
func readPieces(t *testing.T, path string, want []byte) (bad int) {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	for off := 0; off < len(want); off += 4096 {
		piece := make([]byte, min(4096, len(want)-off))
		switch n, err := f.ReadAt(piece, int64(off)); {
		case errors.Is(err, syscall.EIO):
			bad++
		case err != nil || n != len(piece):
			t.Errorf("%s at %d: %d, %v", path, off, n, err)
		case !bytes.Equal(piece, want[off:off+len(piece)]):
			t.Errorf("SILENT: %s at %d", path, off)
		}
	}
	return bad
}
