package integration

import (
	"bytes"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No key of Signal, no PIN, and nothing that people said is readable anywhere but
// in the views of messages; and the keys and the PIN not even there.
func TestNothingOfSignalLeaks(t *testing.T) {
	t.Parallel()
	p := newSecretPhone(t)
	m, _ := newRepository(t, "laptop")
	var words bytes.Buffer // what is said, but not what a search finds
	say := func(args ...string) (stdout string) {
		t.Helper()
		r := m.run(append(args, "-v")...)
		if r.code != 0 {
			t.Fatalf("bakfs %q: %s", args, r.stderr)
		}
		words.WriteString(r.stderr)
		return r.stdout
	}
	process := spy(t, p, m)
	for _, args := range [][]string{{"snapshots"}, {"stats"}, {"check", "--read-data"}, {"rebuild-index"}} {
		words.WriteString(say(args...))
	}
	all := maps.Clone(p.keys)
	maps.Copy(all, p.said)
	secrets, s := newScanner(p.keys), newScanner(all)
	s.clean(t, "the process of backup --signal", process)

	found := say("search", "canary", "--deleted", "show")
	for _, what := range []string{"message", "gone", "edited", "with file"} {
		if !strings.Contains(found, string(p.said[what])) {
			t.Errorf("search does not find the %s, so this test sees little", what)
		}
	}
	listed := say("search", "--json", "canary") + say("ls", "-R", "merged:/messages")
	secrets.clean(t, "what search and ls find", []byte(found+listed))
	dest := tempDir(t)
	for what, args := range map[string][]string{
		"merged": {"export", "messages", "merged", dest + "/merged"}, "one": {"export", "messages", "latest", dest + "/one"},
		"jsonl": {"export", "jsonl", "latest", dest + "/jsonl"}, "signal": {"export", "signal", "latest", dest + "/signal"},
	} {
		words.WriteString(strings.ReplaceAll(say(args...), dest+"/"+what, ""))
	}
	for _, what := range []string{"merged", "one"} {
		if n := secrets.cleanDir(t, dest+"/"+what, nil); n < 20 {
			t.Errorf("only %d files were exported", n)
		}
	}
	s.cleanDir(t, dest+"/signal", nil) // it is sealed
	newScanner(map[string][]byte{"PIN": p.keys["PIN"], "recovery key": p.keys["recovery key"]}).cleanDir(t, dest+"/jsonl", nil)

	log := filepath.Join(tempDir(t), "log")
	signalMountLeaks(t, m, p, s, log)
	s.clean(t, "what commands say at -v", words.Bytes())
	n := s.cleanDir(t, m.repo, nil) + s.cleanDir(t, m.cache(), nil) + s.cleanDir(t, filepath.Dir(log), nil)
	n += s.cleanDir(t, m.state(), nil)
	if n < 8 {
		t.Errorf("only %d files were looked at", n)
	}
}

// spy backs the phone up by --signal-key-command, and returns what the system shows
// of the process, and what it says.
func spy(t tb, p *secretPhone, m *machine) []byte {
	t.Helper()
	dir := tempDir(t)
	seen, script := dir+"/seen", dir+"/print-key"
	check(t, os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\ncat /proc/$PPID/cmdline /proc/$PPID/environ /proc/$PPID/comm /proc/self/environ >%s\nexec cat %s\n", seen, p.keyFile()), 0o700))
	wrong := filepath.Join(dir, "wrong")
	check(t, os.WriteFile(wrong, []byte(strings.Replace(p.key, p.key[:4], "0000", 1)), 0o600))
	refused := m.run("backup", "-v", "--signal", p.dir, "--signal-key-file", wrong)
	if refused.code == 0 {
		t.Fatal("a wrong key opens the backup")
	}
	r := m.run("backup", "-v", "--signal", p.dir, "--signal-key-command", script)
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	again := m.run("backup", "-v", "--signal", p.dir, "--signal-key-file", p.keyFile()) // knows all
	b, err := os.ReadFile(seen)
	check(t, err)
	if !bytes.Contains(b, []byte("--signal-key-command")) || !bytes.Contains(b, []byte("BAKFS_STATE_DIR")) {
		t.Fatalf("the script saw another process: %q", b)
	}
	for _, r := range []result{r, again, refused} {
		b = append(b, r.stdout+r.stderr...)
	}
	return b
}

// signalMountLeaks reads everything in a mount: what is shown has none of the keys,
// and what can be seen of the process has nothing at all.
func signalMountLeaks(t tb, m *machine, p *secretPhone, s *scanner, log string) {
	t.Helper()
	needFUSE(t)
	dir := filepath.Join(tempDir(t), "mnt")
	check(t, os.Mkdir(dir, 0o700))
	m.extra = append(m.extra, "BAKFS_SIGNAL_KEY_FILE="+p.keyFile())
	v := m.mountWith(dir, "--log", log, "--expired", "show")
	account := onlyFolderOf(t, dir+"/messages")
	if b, err := os.ReadFile(account + "/search/canary message/results.txt"); err != nil || !bytes.Contains(b, p.said["message"]) {
		t.Errorf("search/ finds nothing: %v\n%s", err, b)
	}
	shown := map[string]bool{}
	secrets := newScanner(p.keys)
	pin := newScanner(map[string][]byte{"PIN": p.keys["PIN"], "recovery key": p.keys["recovery key"], "backup key": p.keys["backup key"]})
	check(t, filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		check(t, err)
		scan := secrets
		if strings.Contains(path, "/signal-export/") { // Signal's own form of a plain export has keys
			scan = pin
		}
		scan.clean(t, "a name in the mount", []byte(path))
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		check(t, err)
		scan.clean(t, path, b)
		for what, c := range p.said {
			shown[what] = shown[what] || bytes.Contains(b, c) || strings.Contains(path, string(c))
		}
		return nil
	}))
	for what := range p.said {
		if !shown[what] {
			t.Errorf("the mount does not show the %s, so this test sees little", what)
		}
	}
	for _, name := range []string{"cmdline", "environ", "comm", "mountinfo", "maps"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", v.pid, name))
		if errors.Is(err, os.ErrPermission) {
			continue
		}
		check(t, err)
		s.clean(t, "the mount's "+name, b)
	}
	v.umount()
}

// A legacy file's passphrase, and what is derived from it, are nowhere either.
func TestNothingOfALegacyBackupLeaks(t *testing.T) {
	t.Parallel()
	vectors := os.Getenv("BAKFS_VECTORS")
	if vectors == "" {
		t.Skip("skipped: no vectors of Signal backups (BAKFS_VECTORS)")
	}
	const passphrase = "123456789012345678901234567890"
	file := filepath.Join(vectors, "signal", "legacy-v1.backup")
	keys := legacySecrets(t, file, passphrase)
	m, _ := newRepository(t, "laptop")
	p := &secretPhone{t: t, dir: file, key: "12345 67890 12345 67890 12345 67890", keys: keys, said: map[string][]byte{}}
	seen := spy(t, p, m)
	dest := tempDir(t)
	m.ok("export", "messages", "--expired", "show", "latest", dest+"/messages")
	for i, name := range globbed(t, dest+"/messages/*/text/*/*.txt") {
		b, err := os.ReadFile(name)
		check(t, err)
		for j, line := range strings.Split(string(b), "\n") {
			if _, said, _ := strings.Cut(line, ": "); len(said) >= 12 {
				p.said[fmt.Sprintf("line %d of file %d", j+1, i)] = []byte(said)
			}
		}
	}
	if len(p.said) < 4 {
		t.Fatalf("only %d messages are known", len(p.said))
	}
	all := maps.Clone(keys)
	maps.Copy(all, p.said)
	newScanner(all).clean(t, "the process of backup --signal", seen)
	newScanner(keys).cleanDir(t, dest, nil)
	n := newScanner(all).cleanDir(t, m.repo, nil) + newScanner(all).cleanDir(t, m.cache(), nil) + newScanner(all).cleanDir(t, m.state(), nil)
	if n < 6 {
		t.Errorf("only %d files were looked at", n)
	}
}

// onlyFolderOf is the one folder in dir.
func onlyFolderOf(t tb, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	check(t, err)
	var found []string
	for _, e := range list {
		if e.IsDir() {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has the folders %q", dir, found)
	}
	return found[0]
}
