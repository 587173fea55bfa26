package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// needle is a word that some files of a battery's tree hold.
const needle = "zugvogel"

// newBattery is a mount of a tree as people have them, and the tree.
func newBattery(t tb) (src string, v *mounted) {
	t.Helper()
	needFUSE(t)
	m, key := newRepository(t, "laptop")
	src = newTree(t, 60, 21)
	for i := range 12 {
		check(t, os.WriteFile(fmt.Sprintf("%s/letters/note %d", src, i), []byte(strings.Repeat("a "+needle+" flew by\n", i)), 0o644))
	}
	m.backup(src)
	return src, withKey(t, m.repo, key).mount()
}

// tool runs a program, which must say nothing but what it prints on stdout.
func tool(t tb, args ...string) string {
	t.Helper()
	need(t, args[0])
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%q: %v\n%.2000s%.2000s", args, err, &stdout, &stderr)
	}
	return stdout.String()
}

// The programs that people use see in a mount what they see at the source.
func TestToolsOnMount(t *testing.T) {
	t.Parallel()
	src, v := newBattery(t)
	shown := v.files(src)
	want := look(t, src)
	for name, test := range map[string]func(t *testing.T){
		"cp": func(t *testing.T) {
			dest := filepath.Join(tempDir(t), "copy")
			tool(t, "cp", "-a", shown, dest)
			got := look(t, dest)
			same(t, "cp -a", want, got)
			holesKept(t, want, got)
		},
		"tar": func(t *testing.T) {
			archive := filepath.Join(tempDir(t), "tar")
			tool(t, "tar", "--format=posix", "-C", shown, "-cf", archive, ".")
			if out := tool(t, "tar", "-C", src, "-df", archive); out != "" {
				t.Errorf("tar finds differences: %s", out)
			}
		},
		"rsync": func(t *testing.T) {
			need(t, "rsync")
			rsyncSame(t, "mounted", src, shown)
			dest := filepath.Join(tempDir(t), "copy")
			tool(t, "rsync", "-aHAXS", "--checksum", "--modify-window=-1", shown+"/", dest+"/")
			same(t, "rsync", want, look(t, dest))
		},
		"diff": func(t *testing.T) { tool(t, "diff", "-r", "--no-dereference", src, shown) },
		"grep": func(t *testing.T) { sameOutput(t, src, shown, "grep", "-rc", needle) },
		"rg": func(t *testing.T) {
			sameOutput(t, src, shown, "rg", "-uu", "--sort=path", "--no-heading", "--no-config", "-c", needle)
		},
		"find": func(t *testing.T) {
			sameOutput(t, src, shown, "find", "-type", "f", "-printf", `%P %y %m %n %U %G %s %T@ %l\n`)
			if n := strings.Count(tool(t, "find", shown, "-ls"), "\n"); n != len(want) {
				t.Errorf("find -ls lists %d, want %d", n, len(want))
			}
		},
		"python": func(t *testing.T) {
			need(t, "python3")
			dest := filepath.Join(tempDir(t), "copy")
			tool(t, "python3", "-c", "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], symlinks=True)", shown, dest)
			tool(t, "diff", "-r", "--no-dereference", src, dest)
		},
		"mmap": func(t *testing.T) { mapAll(t, src, shown, want) },
	} {
		t.Run(name, test)
	}
	v.umount()
}

// sameOutput runs a program in two folders and compares what it prints, line by line
// in any order.
func sameOutput(t *testing.T, src, shown string, command ...string) {
	t.Helper()
	need(t, command[0])
	var outs [2]string
	for i, dir := range []string{src, shown} {
		args := append(command[1:len(command):len(command)], ".")
		if command[0] == "find" {
			args = append([]string{"."}, command[1:]...)
		}
		cmd := exec.Command(command[0], args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		check(t, err)
		lines := strings.Split(string(out), "\n")
		slices.Sort(lines)
		outs[i] = strings.Join(lines, "\n")
	}
	if outs[0] != outs[1] || strings.Count(outs[0], "\n") < 10 {
		t.Errorf("%q prints another thing of the mount:\n%.1500s\n--- at the source:\n%.1500s", command, outs[1], outs[0])
	}
}

// mapAll reads every file through a memory map, from its end to its beginning.
func mapAll(t *testing.T, src, shown string, want tree) {
	t.Helper()
	mapped := 0
	for path, x := range want {
		if x.mode&syscall.S_IFMT != syscall.S_IFREG || x.size == 0 {
			continue
		}
		b, err := os.ReadFile(filepath.Join(src, path))
		check(t, err)
		f, err := os.Open(filepath.Join(shown, path))
		check(t, err)
		m, err := syscall.Mmap(int(f.Fd()), 0, len(b), syscall.PROT_READ, syscall.MAP_PRIVATE)
		check(t, err)
		check(t, f.Close())
		for at := len(b); at > 0; {
			from := max(0, at-5000)
			if !bytes.Equal(m[from:at], b[from:at]) {
				t.Errorf("%s: differs between %d and %d", path, from, at)
				break
			}
			at = from
		}
		check(t, syscall.Munmap(m))
		mapped++
	}
	if mapped < 50 {
		t.Errorf("only %d files were mapped", mapped)
	}
}

// A mount is read-only, owner-only, and says so.
func TestMountFlags(t *testing.T) {
	t.Parallel()
	src, v := newBattery(t)
	b, err := os.ReadFile("/proc/self/mounts")
	check(t, err)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[1] != v.dir {
			continue
		}
		options := strings.Split(f[3], ",")
		for _, want := range []string{"ro", "nosuid", "nodev", "noexec", "default_permissions"} {
			if !strings.Contains(","+f[3]+",", ","+want+",") {
				t.Errorf("%s is missing in %v", want, options)
			}
		}
		if f[2] != "fuse.bakfs" || strings.Contains(f[3], "allow_other") {
			t.Errorf("mounted as %s", line)
		}
	}
	file := v.files(src) + "/photos/big"
	for what, err := range map[string]error{
		"write": os.WriteFile(file, nil, 0o600), "create": os.WriteFile(v.files(src)+"/new", nil, 0o600), "remove": os.Remove(file),
		"mkdir": os.Mkdir(v.dir+"/new", 0o700), "chmod": os.Chmod(file, 0o777), "rename": os.Rename(file, file+"2"),
	} {
		if number := syscall.Errno(0); !errors.As(err, &number) || number != syscall.EROFS {
			t.Errorf("%s: %v, want EROFS", what, err)
		}
	}
	v.umount()
}
