package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var updateGolden = flag.Bool("update-golden", false, "write the golden folder of the current version anew; never after its release")

// goldenVersion is the version that this program writes.
const goldenVersion = "v1"

// TestMakeGolden writes the golden folder of the current version.
func TestMakeGolden(t *testing.T) {
	if !*updateGolden {
		t.Skip("only with -update-golden: golden folders are written once")
	}
	if !isRoot() {
		t.Fatal("only root can make all that belongs into it")
	}
	a, key := newRepository(t, "laptop")
	home := filepath.Join(tempDir(t), "home")
	growGolden(t, home)
	var all []goldenSnapshot
	add := func(m *machine, source string) {
		id := m.ok("backup", "--json", "--tag", "golden", source)
		all = append(all, goldenSnapshot{ID: parseLines[summary](t, id)[0].ID, Source: source, Things: goldenFiles(look(t, source))})
	}
	add(a, home)
	check(t, os.WriteFile(home+"/letters/new", content("text", 77, 900), 0o644))
	check(t, os.Remove(home+"/inline"))
	check(t, os.WriteFile(home+"/text", append(content("text", 5, 50_000), "and more\n"...), 0o640))
	add(a, home)
	b := newMachine(t, a.repo)
	b.ok("connect", "--device", "d\u00e9sktop", "--key-file", key)
	add(b, home+"/letters")
	check(t, os.Remove(home+"/letters/new"))
	add(a, home)
	for i, s := range a.snapshots() {
		if s.ID != all[i].ID {
			t.Fatalf("snapshot %d is %+v", i, s)
		}
		all[i].Device = s.Device
	}

	dir := filepath.Join(goldenFolders, goldenVersion)
	check(t, os.RemoveAll(dir))
	check(t, os.CopyFS(dir+"/repo", os.DirFS(a.repo)))
	text, err := os.ReadFile(key)
	check(t, err)
	check(t, os.WriteFile(dir+"/key", text, 0o644))
	check(t, os.WriteFile(dir+"/manifest", manifest(t, all), 0o644))
	var total int64
	for _, path := range filesOf(t, dir) {
		info, err := os.Stat(path)
		check(t, err)
		total += info.Size()
	}
	t.Logf("%d bytes", total)
	if total > 1_500_000 {
		t.Error("larger than 1.5 MB")
	}
}

func manifest(t *testing.T, all []goldenSnapshot) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	for _, s := range all {
		check(t, w.Encode(s))
		for _, f := range s.Things {
			check(t, w.Encode(f))
		}
	}
	return b.Bytes()
}

func goldenFiles(all tree) (files []goldenFile) {
	for _, path := range slices.Sorted(maps.Keys(all)) {
		x := all[path]
		files = append(files, goldenFile{Path: strconv.QuoteToASCII(path), Mode: x.mode, UID: x.uid, GID: x.gid, Rdev: x.rdev, MTime: x.mtime,
			Size: x.size, SHA256: x.content, Target: strconv.QuoteToASCII(x.target), Xattrs: x.xattrs, Names: strconv.QuoteToASCII(x.names)})
	}
	return files
}

// growGolden makes something of everything that the format can hold.
func growGolden(t *testing.T, home string) {
	for _, dir := range []string{"", "/letters", "/letters/deep", "/letters/deep/er", "/many", "/empty folder"} {
		check(t, os.Mkdir(home+dir, 0o755))
	}
	for name, data := range map[string][]byte{
		"inline": []byte("small\n"), "512": content("random", 1, 512), "513": content("random", 1, 513), "empty": nil, "text": content("text", 5, 50_000),
		"photo.jpg": content("random", 2, 140_000), "caf\xe9 \xff": []byte("not UTF-8\n"), "new\nline": []byte("x"), strings.Repeat("n", 255): []byte("long"),
		"letters/one": content("text", 8, 3000), "letters/deep/er/two": content("text", 9, 700),
	} {
		check(t, os.WriteFile(home+"/"+name, data, 0o640))
	}
	// Names of which one ends a node (FORMAT.md section 8.1), so that the folder has two levels.
	ends := 0
	for i := range 320 {
		name := fmt.Sprintf("entry %d", i)
		if sum := sha256.Sum256(append([]byte{0}, name...)); sum[1] == 0 && i < 310 {
			ends++
		}
		check(t, os.WriteFile(home+"/many/"+name, fmt.Appendf(nil, "%d\n", i), 0o600))
	}
	if ends == 0 {
		t.Fatal("no name ends a node")
	}
	sparse, err := os.Create(home + "/sparse")
	check(t, err)
	for i := range int64(12) {
		_, err := sparse.WriteAt(content("text", uint64(i), 4096), i<<20)
		check(t, err)
	}
	check(t, sparse.Truncate(20<<20))
	check(t, sparse.Close())
	check(t, os.Link(home+"/text", home+"/letters/same text"))
	check(t, os.Link(home+"/text", home+"/zzz"))
	check(t, os.Symlink("../text", home+"/letters/link"))
	check(t, os.Symlink("/nowhere/\xff", home+"/dangling"))
	check(t, unix.Mkfifo(home+"/fifo", 0o620))
	check(t, unix.Mknod(home+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	check(t, unix.Setxattr(home+"/512", "user.one", []byte("1\x00\xff"), 0))
	check(t, unix.Setxattr(home+"/512", "user.two", content("random", 6, 300), 0))
	check(t, unix.Setxattr(home+"/letters", "user.folder", nil, 0))
	check(t, os.Chown(home+"/513", 1000, 1001))
	check(t, unix.Chmod(home+"/513", 0o4750))
	check(t, unix.Chmod(home+"/empty folder", 0o1777))
	for path, ns := range map[string]int64{"/inline": -1_000_000_001, "/513": 1_234_567_890_123_456_789, "/dangling": 1, "/many": 7} {
		check(t, unix.UtimesNanoAt(unix.AT_FDCWD, home+path, []unix.Timespec{unix.NsecToTimespec(ns), unix.NsecToTimespec(ns)}, unix.AT_SYMLINK_NOFOLLOW))
	}
}
