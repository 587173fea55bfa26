package integration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newHome makes a home folder: files of the sizes that homes have (half of them below
// 4 KiB, a few of megabytes), half text and half what does not compress, in folders of
// folders, with copies of files, links, and bytes of about the sum asked for. A text in
// twenty holds the needle.
func newHome(t tb, files int, bytes int64) (home string, needles int) {
	t.Helper()
	home = filepath.Join(tempDir(t), "home", "ann")
	check(t, os.MkdirAll(home, 0o755))
	r := rand.New(rand.NewPCG(20260531, 7))
	folders := []string{home}
	for len(folders) < files/15 {
		dir := fmt.Sprintf("%s/%s %d", folders[r.IntN(len(folders))], []string{"photos", "letters", "src", ".config", "Öffentlich"}[r.IntN(5)], len(folders))
		if strings.Count(dir, "/") < 20 {
			check(t, os.Mkdir(dir, 0o755))
			folders = append(folders, dir)
		}
	}
	mean := float64(bytes) / float64(files)
	left := bytes
	for i := range files {
		size := min(int64(math.Exp(r.NormFloat64()*2.3)*mean*0.07), bytes/20) // log-normal, as in real homes
		if i == files-1 {
			size = max(size, left)
		}
		left -= size
		path := fmt.Sprintf("%s/file %d", folders[r.IntN(len(folders))], i)
		body := content("random", r.Uint64(), size)
		if i%2 == 0 {
			body = prose(r, size)
			if i%40 == 0 {
				body = append(body, "\nthe "+needle+" came home\n"...)
				needles++
			}
		}
		check(t, os.WriteFile(path, body, os.FileMode(0o600|r.IntN(0o100))))
		when := time.Unix(1_500_000_000+r.Int64N(2e8), r.Int64N(1e9))
		check(t, os.Chtimes(path, when, when))
		if i%100 == 50 {
			check(t, os.Symlink("file "+fmt.Sprint(i), path+" link"))
			check(t, os.Link(path, path+" again"))
		}
	}
	return home, needles
}

// prose is text that compresses as text does.
func prose(r *rand.Rand, size int64) []byte {
	words := strings.Fields("the a of and to in is swift harbour ship letter photo dear Ada winter light over under again never more 1 2 3 func return if err nil")
	b := make([]byte, 0, size+16)
	for int64(len(b)) < size {
		b = append(append(b, words[r.IntN(len(words))]...), " \n"[r.IntN(8)/7])
	}
	return b[:size]
}

// The main job: a home folder is backed up, and on a new machine, with nothing but the
// recovery key, mounted, browsed, searched, and copied out identical.
func TestHomeComesBack(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	files, size := amount(500, 2000, 20_000), int64(amount(10<<20, 60<<20, 700<<20))
	home, needles := newHome(t, files, size)
	want := look(t, home)
	m, key := newRepository(t, "laptop")
	begun := time.Now()
	s := m.backup(home)
	t.Logf("backed up %d files, %d MB in %v", s.Files, s.Bytes>>20, time.Since(begun).Round(time.Millisecond))
	if int(s.Files) < files || s.Bytes < uint64(size)*9/10 {
		t.Fatalf("a home of %d files and %d bytes is no home of %d and %d", s.Files, s.Bytes, files, size)
	}
	if again := m.backup(home); again.Read != 0 || again.Added > 8192 {
		t.Errorf("nothing changed, yet %d bytes were read and %d added", again.Read, again.Added)
	}

	v := withKey(t, m.repo, key).mount()
	shown := v.files(home)
	out := tool(t, "find", shown, "-type", "f")
	if n := strings.Count(out, "\n"); n != int(s.Files) {
		t.Errorf("find lists %d files, want %d", n, s.Files)
	}
	there, here := tool(t, "ls", "-lAR", home), tool(t, "ls", "-lAR", shown)
	if n, m := strings.Count(there, "\n"), strings.Count(here, "\n"); n != m || n < files {
		t.Errorf("ls -lAR prints %d lines of the mount and %d at the source", m, n)
	}
	if found := tool(t, "grep", "-rl", needle, shown); strings.Count(found, "\n") < needles {
		t.Errorf("grep finds %d files, want %d", strings.Count(found, "\n"), needles)
	}
	dest := filepath.Join(tempDir(t), "out")
	tool(t, "cp", "-a", shown, dest)
	same(t, "copied out", want, look(t, dest))
	rsyncSame(t, "mounted", home, shown)
	v.umount()
	identical(t, m, nil, s.ID, home, want)
}
