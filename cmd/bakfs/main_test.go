package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"bakfs/signal/sample"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bakfs": main, "hardened": hardened})
}

// hardened is a command that does what main does first, and prints what came of it.
func hardened() {
	if err := harden(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var core unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &core)
	dumpable, dumpErr := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	fmt.Printf("umask %04o core %d %d dumpable %d memory %d %v\n", unix.Umask(0), core.Cur, core.Max, dumpable, debug.SetMemoryLimit(-1), errors.Join(err, dumpErr))
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupScript,
		Condition:           scriptCondition,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": scriptCode, "flip": scriptFlip, "glob": scriptGlob, "name": scriptName, "random": scriptRandom,
			"hold": scriptHold, "mode": scriptMode, "cut": scriptCut, "typo": scriptTypo, "sample": scriptSample,
			"stranger": scriptStranger, "links": scriptLinks,
		},
	})
}

// setupScript gives every script a home, and takes away what it leaves mounted.
func setupScript(env *testscript.Env) error {
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("BAKFS_STATE_DIR", filepath.Join(env.WorkDir, "state"))
	env.Setenv("BAKFS_CACHE_DIR", filepath.Join(env.WorkDir, "cache"))
	env.Setenv("BAKFS_REPOSITORY", "")
	env.Setenv("TZ", "UTC")
	env.Defer(func() { unmountBelow(env.WorkDir) })
	return nil
}

func unmountBelow(dir string) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if at := strings.Fields(lines.Text())[4]; strings.HasPrefix(at, dir+"/") {
			if unix.Unmount(at, unix.MNT_DETACH) != nil {
				exec.Command("fusermount3", "-u", "-z", "--", at).Run()
			}
		}
	}
}

func scriptCondition(name string) (bool, error) {
	switch name {
	case "fuse":
		f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
		if err == nil {
			f.Close()
		}
		return err == nil, nil
	case "sysfs": // a file that even root cannot open for reading
		_, err := os.Stat("/sys/bus/cpu/uevent")
		return err == nil, nil
	case "suid": // where a setuid file would have effect
		var st unix.Statfs_t
		err := unix.Statfs(os.TempDir(), &st)
		return err == nil && st.Flags&unix.ST_NOSUID == 0, err
	case "root":
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %s", name)
}

// scriptCode runs a command that must end with an exit code: code 2 bakfs …
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command …")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// scriptFlip changes a byte of a file: flip FILE OFFSET.
func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[at] ^= 0x40
	ts.Check(os.WriteFile(path, b, 0o600))
}

// scriptCut cuts a file to a length: cut FILE LENGTH.
func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(n)))
}

// scriptSample writes the sample of Signal's backups and its key: sample DIR.
func scriptSample(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(sample.Write(dir))
	ts.Check(os.WriteFile(filepath.Join(dir, "signal-key.txt"), []byte(sample.Key), 0o600))
}

// scriptGlob sets a variable to the one file that fits: glob VAR PATTERN [SIZE].
func scriptGlob(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(args) > 2 {
		want, err := strconv.ParseInt(args[2], 10, 64)
		ts.Check(err)
		var fit []string
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.Size() == want {
				fit = append(fit, f)
			}
		}
		found = fit
	}
	if len(found) != 1 {
		ts.Fatalf("%s fits %d files: %q", args[1], len(found), found)
	}
	ts.Setenv(args[0], found[0])
	rel, err := filepath.Rel(ts.Getenv("WORK"), found[0])
	ts.Check(err)
	ts.Setenv(args[0]+"_rel", rel)
}

// scriptName makes a file whose name is a quoted Go string: name DIR "a\x1b" CONTENT.
func scriptName(ts *testscript.TestScript, _ bool, args []string) {
	name, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), name), []byte(args[2]), 0o644))
}

// scriptRandom makes a file of bytes that do not compress: random FILE BYTES.
func scriptRandom(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := make([]byte, n)
	state := uint64(len(args[0])) + 1
	for i := range b {
		state = state*6364136223846793005 + 1442695040888963407
		b[i] = byte(state >> 56)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// scriptHold keeps others from locking a file alone, until the script ends: hold FILE.
func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	ts.Defer(func() { f.Close() })
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB))
}

// scriptMode checks a file's permissions: mode FILE 0600.
func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// scriptTypo copies a key file with one character changed to another of the alphabet: typo FROM TO OFFSET.
func scriptTypo(ts *testscript.TestScript, _ bool, args []string) {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	text := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	text[at] = alphabet[(strings.IndexByte(alphabet, text[at])+1)%len(alphabet)]
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}
