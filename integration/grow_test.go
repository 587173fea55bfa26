package integration

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// A plant is one thing to make in a tree.
type plant struct {
	parent int // among the folders before it
	name   string
	kind   string
	size   int64
	fill   string
	seed   uint64
	target string
	meta   meta
}

// meta is what a plant gets when all is made.
type meta struct {
	mode     uint32
	uid, gid uint32
	mtime    int64
	xattrs   map[string][]byte
	acl      []byte // POSIX ACL of the file, and default ACL of a folder
}

// borders are the sizes at which the format changes its mind, and their neighbours.
func borders() []int64 {
	sizes := []int64{0, 1}
	for _, b := range []int64{512, 4096, 128 << 10, 256 << 10, 1 << 20, 3 << 20} {
		sizes = append(sizes, b-1, b, b+1)
	}
	return sizes
}

// oddNames are names that programs get wrong.
func oddNames() []string {
	return []string{
		"a", "file.txt", " ", "-rf", "--", "~", "*", "new\nline", "tab\t", "\x1b[31m", "back\\slash", "q\"uo'te", "\xff\xfe", "caf\xe9", "ünïcode", "e\u0301",
		"\u202egpj.exe", "trailing ", "trailing.", "CON", "...", ".hidden", ".tmp-x", strings.Repeat("n", 255), strings.Repeat("\xf0\x9f\x98\x80", 63), "\x01",
	}
}

// drawTree draws the shape of a tree.
func drawTree(t *rapid.T) []plant {
	names := rapid.OneOf(rapid.SampledFrom(oddNames()), rapid.StringMatching(`[a-z]{1,12}`),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "bytes")) }))
	kinds := []string{"file", "file", "file", "file", "sparse", "dir", "dir", "link", "name", "fifo", "socket"}
	if isRoot() {
		kinds = append(kinds, "char", "block")
	}
	sizes := rapid.OneOf(rapid.SampledFrom(borders()), rapid.Int64Range(0, 3000), rapid.Int64Range(0, 3<<20))
	folders := 1
	var all []plant
	for range rapid.IntRange(0, 40).Draw(t, "things") {
		p := plant{
			parent: folders - 1 - rapid.IntRange(0, folders-1).Draw(t, "parent"), // the newest first: deep trees
			name:   names.Draw(t, "name"),
			kind:   rapid.SampledFrom(kinds).Draw(t, "kind"),
			size:   sizes.Draw(t, "size"),
			fill:   rapid.SampledFrom([]string{"random", "text", "zeros", "one"}).Draw(t, "fill"),
			seed:   rapid.Uint64().Draw(t, "seed"),
			target: rapid.SampledFrom([]string{"a", "../..", "/etc/passwd", "nowhere/at all", "/", "\xff\n", strings.Repeat("t/", 2000)}).Draw(t, "target"),
			meta:   drawMeta(t),
		}
		if p.kind == "dir" {
			folders++
		}
		all = append(all, p)
	}
	return all
}

func drawMeta(t *rapid.T) meta {
	m := meta{
		mode: rapid.OneOf(rapid.SampledFrom([]uint32{0, 0o644, 0o755, 0o600, 0o4755, 0o2755, 0o1777, 0o6111}), rapid.Uint32Range(0, 0o7777)).Draw(t, "mode"),
		mtime: rapid.OneOf(rapid.Int64Range(-2e18, 8e18), rapid.Int64Range(1.6e18, 1.8e18),
			rapid.SampledFrom([]int64{0, 1, -1, 999_999_999, 1e18})).Draw(t, "mtime"),
		uid: rapid.SampledFrom([]uint32{0, 0, 1000, 65534, 4294967294}).Draw(t, "uid"),
		gid: rapid.SampledFrom([]uint32{0, 0, 1000, 65534, 4294967294}).Draw(t, "gid"),
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "xattrs") {
		name := "user." + rapid.StringMatching(`[a-zA-Z0-9. é]{1,30}`).Draw(t, "xattr")
		if m.xattrs == nil {
			m.xattrs = map[string][]byte{}
		}
		m.xattrs[name] = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")
	}
	if rapid.IntRange(0, 4).Draw(t, "acl") == 0 {
		m.acl = acl(uint16(rapid.IntRange(0, 7).Draw(t, "rights")), rapid.Uint32Range(1, 70000).Draw(t, "user"))
	}
	return m
}

// acl is a POSIX ACL with one named user, as the kernel writes it.
func acl(rights uint16, user uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, rights uint16
		id          uint32
	}{{1, 7, ^uint32(0)}, {2, rights, user}, {4, 4, ^uint32(0)}, {16, 7, ^uint32(0)}, {32, 0, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.rights)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// grow makes a tree in dir, which exists. What cannot be made (a file of a name
// that is taken, a second name of no file) is left out.
func grow(t tb, dir string, all []plant) {
	t.Helper()
	folders, files := []string{dir}, []string{}
	type finish struct {
		path string
		p    plant
	}
	var made []finish
	for _, p := range all {
		path := folders[p.parent] + "/" + strings.Map(func(r rune) rune {
			if r == '/' || r == 0 {
				return '_'
			}
			return r
		}, p.name)
		if len(path) > 3500 || filepath.Base(path) == "." || filepath.Base(path) == ".." || len(filepath.Base(path)) > 255 {
			path = fmt.Sprintf("%s/%d", dir, len(made))
		}
		if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			path = fmt.Sprintf("%s/other %d", folders[p.parent], len(made))
		}
		switch p.kind {
		case "dir":
			folders = append(folders, path)
		case "name":
			if len(files) > 0 {
				check(t, os.Link(files[p.seed%uint64(len(files))], path))
			}
			continue // its attributes are the file's
		case "file", "sparse":
			files = append(files, path)
		}
		check(t, p.make(path))
		made = append(made, finish{path, p})
	}
	for i := len(made) - 1; i >= 0; i-- { // folders behind what is in them
		check(t, made[i].p.finish(made[i].path))
	}
}

func (p plant) make(path string) error {
	switch p.kind {
	case "dir":
		return os.Mkdir(path, 0o700)
	case "file":
		return os.WriteFile(path, content(p.fill, p.seed, p.size), 0o600)
	case "sparse":
		return makeSparse(path, p.seed, p.size)
	case "link":
		return os.Symlink(p.target, path)
	case "fifo":
		return unix.Mknod(path, unix.S_IFIFO|0o600, 0)
	case "socket":
		return unix.Mknod(path, unix.S_IFSOCK|0o600, 0)
	case "char":
		return optional(unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, uint32(p.seed%256)))), unix.EPERM)
	case "block":
		return optional(unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(p.seed%100000)))), unix.EPERM)
	}
	return fmt.Errorf("no such kind: %s", p.kind)
}

// optional forgives what a system may forbid.
func optional(err error, forgiven error) error {
	if errors.Is(err, forgiven) {
		return nil
	}
	return err
}

// content is size bytes that depend on fill and seed alone.
func content(fill string, seed uint64, size int64) []byte {
	b := make([]byte, size)
	switch fill {
	case "random":
		r := rand.NewChaCha8([32]byte(bytes.Repeat(binary.BigEndian.AppendUint64(nil, seed), 4)))
		r.Read(b)
	case "text":
		line := fmt.Sprintf("the %d swifts are back, and again\n", seed)
		copy(b, strings.Repeat(line, int(size)/len(line)+1))
	case "one":
		copy(b, bytes.Repeat([]byte{byte(seed) | 1}, int(size)))
	}
	return b
}

// makeSparse makes a file of up to 64 times size with a few islands of data.
func makeSparse(path string, seed uint64, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	whole := size * int64(1+seed%64)
	if err := f.Truncate(whole); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for range r.IntN(4) {
		if at := r.Int64N(whole + 1); whole > 0 {
			island := content("random", seed, min(whole-at, 1+r.Int64N(1+size/8)))
			if _, err := f.WriteAt(island, at); err != nil {
				return err
			}
		}
	}
	return f.Close()
}

// finish gives what is at path its attributes; a user's own files stay such that
// the user can read them.
func (p plant) finish(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return optional(err, unix.ENOENT) // a device that may not be made
	}
	if isRoot() {
		if err := os.Lchown(path, int(p.meta.uid), int(p.meta.gid)); err != nil {
			return err
		}
	} else {
		p.meta.mode = p.meta.mode&0o1777 | 0o500
		if p.kind == "dir" {
			p.meta.mode |= 0o700
		}
	}
	if p.kind == "file" || p.kind == "sparse" || p.kind == "dir" {
		for name, value := range p.meta.xattrs {
			if err := unix.Lsetxattr(path, name, value, 0); err != nil && err != unix.ENOTSUP {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
	}
	if p.kind != "link" {
		if err := unix.Chmod(path, p.meta.mode); err != nil {
			return err
		}
	}
	if err := p.meta.setACL(path, p.kind); err != nil {
		return err
	}
	times := []unix.Timespec{unix.NsecToTimespec(time.Now().UnixNano()), unix.NsecToTimespec(p.meta.mtime)}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, times, unix.AT_SYMLINK_NOFOLLOW)
}

func (m meta) setACL(path, kind string) error {
	if m.acl == nil || kind != "file" && kind != "dir" {
		return nil
	}
	if kind == "dir" {
		if err := optional(unix.Lsetxattr(path, "system.posix_acl_default", m.acl, 0), unix.ENOTSUP); err != nil {
			return err
		}
	}
	return optional(unix.Lsetxattr(path, "system.posix_acl_access", m.acl, 0), unix.ENOTSUP)
}
