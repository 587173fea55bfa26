package integration

import (
	"bytes"
	"fmt"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"bakfs/view/history"
)

// copyTree writes all regular files of a tree to a disk, as the tree itself gives them.
func copyTree(t testing.TB, fsys iofs.FS) string {
	t.Helper()
	dest := tempDir(t)
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		check(t, err)
		to := filepath.Join(dest, p)
		switch {
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		case d.Type() == iofs.ModeSymlink:
			target, err := iofs.ReadLink(fsys, p)
			check(t, err)
			return os.Symlink(target, to)
		}
		b, err := iofs.ReadFile(fsys, p)
		check(t, err)
		return os.WriteFile(to, b, 0o600)
	})
	check(t, err)
	return dest
}

// largest is the largest file below dir with an extension, relative to it.
func largest(t testing.TB, dir, ext string) (name string) {
	t.Helper()
	var most int64 = -1
	check(t, filepath.WalkDir(dir, func(p string, d iofs.DirEntry, err error) error {
		check(t, err)
		if d.Type().IsRegular() && filepath.Ext(p) == ext {
			info, err := d.Info()
			check(t, err)
			if info.Size() > most {
				most = info.Size()
				name, err = filepath.Rel(dir, p)
				check(t, err)
			}
		}
		return nil
	}))
	if name == "" {
		t.Fatalf("no *%s", ext)
	}
	return name
}

// oneFileTools are programs that read the file "$0", print what they read or copy
// it to the file "$1".
var oneFileTools = map[string]string{
	"cat": `cat "$0"`, "sed": `sed p "$0"`, "awk": `awk '{print NR, $0}' "$0"`, "sort": `sort "$0"`, "wc -l": `wc -l <"$0"`,
	"wc -c": `wc -c <"$0"`, "head": `head -c 1000 "$0"`, "tail -c": `tail -c 20 "$0"`, "tail -n": `tail -n 1 "$0"`,
	"grep": `grep -c . "$0"`, "less": `less "$0" | cat`, "file": `file -b --mime "$0"`, "sha256sum": `sha256sum <"$0"`,
	"dd": `dd if="$0" bs=777 status=none`, "od": `od -c "$0" | tail -n 3`, "rg": `rg --no-config -c . "$0"`, "rg mmap": `rg --no-config --mmap -c . "$0"`,
	"python read": `python3 -c 'import sys; sys.stdout.buffer.write(open(sys.argv[1], "rb").read())' "$0"`,
	"mmap": `python3 -c '
import mmap, sys
f = open(sys.argv[1], "rb")
sys.stdout.buffer.write(mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)[:])' "$0"`,
	"vim":        `vim -u NONE -i NONE -n -es -c "w $1" -c q "$0"; cat "$1"`,
	"cp":         `cp "$0" "$1" && cat "$1"`,
	"busybox cp": `busybox cp "$0" "$1" && cat "$1"`,
	"gio copy":   `gio copy "$0" "$1" && cat "$1"`,
	"shutil":     `python3 -c 'import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])' "$0" "$1" && cat "$1"`,
	"rsync":      `rsync -a "$0" "$1" && cat "$1"`,
	"tar":        `tar -C / -cf - "${0#/}" | tar -xOf -`,
	"zip":        `zip -q -j "$1".zip "$0" && unzip -p "$1".zip`,
	"chromium": `chromium --headless --no-sandbox --disable-gpu --user-data-dir="$1" --dump-dom \
		"file://$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$0")" 2>/dev/null`,
	"diff": `cp "$0" "$1" && diff "$0" "$1"`,
	"cmp":  `cp "$0" "$1" && cmp "$0" "$1"`,
}

// Each program sees the whole of a file that nobody has looked at before: in a
// mount of its own, where nothing has asked for the file's size.
func TestToolsReadGeneratedFiles(t *testing.T) {
	t.Parallel()
	l := newMessageLab(t, "--days", "2", "--messages", "1500", "--chats", "12", "--media", "30", "--media-bytes", "20000", "--seed", "11")
	copied := copyTree(t, l.tree(l.merged()).FS())
	account := onlyFolder(t, copied)
	files := []string{largest(t, account+"/text", ".txt"), largest(t, account+"/chats", ".html")}
	files[0], files[1] = "text/"+files[0], "chats/"+files[1]
	for name, script := range oneFileTools {
		t.Run(name, func(t *testing.T) {
			need(t, strings.Fields(script)[0])
			shown := l.mount(t, l.merged())
			for _, file := range files {
				want := runScript(t, script, filepath.Join(account, file))
				got := runScript(t, script, filepath.Join(shown, file))
				if got != want {
					t.Errorf("%s of %s: %d bytes, want %d:\n%.300s\n--- want\n%.300s", name, file, len(got), len(want), got, want)
				}
			}
		})
	}
}

// A backup that comes while the mount is in use is seen: a changed file is another
// one, a file that did not change is the same, and whoever stands in a folder that was
// renamed stays there.
func TestBackupComesWhileMounted(t *testing.T) {
	t.Parallel()
	l := newMessageLab(t, "--days", "4", "--messages", "600", "--chats", "12", "--media", "10", "--media-bytes", "2000", "--seed", "15")
	before := history.New(l.backups[:1], history.Options{Zone: l.zone})
	messages := l.tree(before)
	shown := l.mountTree(t, messages.FS())
	first := textsOf(t, shown)
	chats, err := before.Conversations(t.Context())
	check(t, err)
	held := map[string]*os.File{}
	for _, c := range chats {
		held[c.Key], err = os.Open(shown + "/chats/" + c.Folder)
		check(t, err)
		defer held[c.Key].Close()
	}
	messages.Set(l.merged())
	time.Sleep(2 * time.Second) // the kernel believes what it knows for one
	second := textsOf(t, shown)
	same, changed := 0, 0
	for p, was := range first {
		is, ok := second[p]
		if ok && (is.text == was.text) != (is.ino == was.ino) {
			t.Errorf("%s: same bytes %v, inodes %d and %d", p, is.text == was.text, was.ino, is.ino)
		}
		if ok && is == was {
			same++
		} else {
			changed++
		}
	}
	if same < 20 || changed == 0 {
		t.Errorf("%d files are the same, %d are not", same, changed)
	}
	for key, dir := range held {
		if names, err := dir.Readdirnames(-1); err != nil || len(names) < 8 {
			t.Errorf("%s, which somebody has open, lists %v, %v", key, names, err)
		}
	}
	for name := range formerNames(t, l.merged()) {
		if _, err := os.ReadDir(shown + "/chats/" + name); err != nil {
			t.Errorf("by its former name: %v", err)
		}
	}
}

// A textFile is a file as one sees it.
type textFile struct {
	ino  uint64
	text string
}

// textsOf are the files in text/ of an account.
func textsOf(t testing.TB, account string) map[string]textFile {
	t.Helper()
	all := map[string]textFile{}
	check(t, filepath.WalkDir(account+"/text", func(p string, d iofs.DirEntry, err error) error {
		check(t, err)
		if d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(p)
		check(t, err)
		var st syscall.Stat_t
		check(t, syscall.Stat(p, &st))
		all[p] = textFile{st.Ino, string(b)}
		return nil
	}))
	return all
}

// formerNames are those that folders of conversations had before.
func formerNames(t testing.TB, h *history.History) map[string]bool {
	t.Helper()
	chats, err := h.Conversations(t.Context())
	check(t, err)
	all := map[string]bool{}
	for _, c := range chats {
		for _, name := range c.Formerly {
			all[name] = true
		}
	}
	return all
}

// runScript runs a shell script with a file and a place for a copy; what it prints
// must not be empty, unless it compares.
func runScript(t testing.TB, script, file string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("bash", "-o", "pipefail", "-c", script, file, filepath.Join(tempDir(t), "copy"))
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=dumb", "LESSOPEN=")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%.500s", script, err, &stderr)
	}
	if stdout.Len() == 0 && !strings.Contains(script, "diff ") && !strings.Contains(script, "cmp ") {
		t.Errorf("%s prints nothing of %s", script, file)
	}
	return stdout.String()
}

func onlyFolder(t testing.TB, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	check(t, err)
	if len(list) != 1 {
		t.Fatalf("%d folders", len(list))
	}
	return filepath.Join(dir, list[0].Name())
}

// The mount as a whole is what the tree says, and what tar and rsync make of it is
// the same again.
func TestMessagesCopied(t *testing.T) {
	t.Parallel()
	l := newMessageLab(t, "--days", "3", "--messages", "900", "--chats", "12", "--media", "40", "--media-bytes", "4000", "--seed", "12")
	want := onlyFolder(t, copyTree(t, l.tree(l.merged()).FS()))
	t.Run("diff", func(t *testing.T) {
		tool(t, "diff", "-r", "--no-dereference", want, l.mount(t, l.merged()))
	})
	t.Run("tar", func(t *testing.T) {
		shown := l.mount(t, l.merged())
		if out := shell(t, `tar -C "$0" --format=posix -cf - . | tar -C "$0" -df -`, shown); out != "" {
			t.Errorf("tar finds differences: %.1000s", out)
		}
	})
	t.Run("rsync", func(t *testing.T) {
		need(t, "rsync")
		one, other := l.mount(t, l.merged()), l.mount(t, l.merged())
		if out := tool(t, "rsync", "-aHcn", "--delete", "--modify-window=-1", "--itemize-changes", one+"/", other+"/"); out != "" {
			t.Errorf("two mounts differ: %.1000s", out)
		}
		if out := tool(t, "rsync", "-rlcn", "--delete", "--itemize-changes", one+"/", want+"/"); out != "" {
			t.Errorf("the copy differs: %.1000s", out)
		}
	})
	t.Run("du", func(t *testing.T) {
		shown := l.mount(t, l.merged())
		var sum int64
		seen := map[uint64]bool{}
		check(t, filepath.WalkDir(shown, func(p string, d iofs.DirEntry, err error) error {
			check(t, err)
			var st syscall.Stat_t
			check(t, syscall.Lstat(p, &st))
			if !seen[st.Ino] {
				sum += st.Blocks * 512
			}
			seen[st.Ino] = true
			return nil
		}))
		if out := strings.Fields(tool(t, "du", "-s", "-B1", shown))[0]; out != fmt.Sprint(sum) {
			t.Errorf("du says %s, its files have %d", out, sum)
		}
	})
}

func shell(t testing.TB, script string, args ...string) string {
	t.Helper()
	out, err := exec.Command("bash", append([]string{"-o", "pipefail", "-c", script}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%.2000s", script, err, out)
	}
	return string(out)
}

// textLine is what every line of text is like.
var textLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} [<>|+*] `)
