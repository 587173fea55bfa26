package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/seal"
)

// testProgram is a program with an environment of its own.
func testProgram(env map[string]string) *program {
	return &program{in: os.Stdin, stderr: os.Stderr, getenv: func(name string) string { return env[name] }, keyFD: -1}
}

func TestKeySourceOrder(t *testing.T) {
	both := map[string]string{"BAKFS_KEY_FILE": "env", "BAKFS_KEY_COMMAND": "cmd"}
	for _, c := range []struct {
		name string
		p    *program
		want keySource
		code int
	}{
		{"nothing", testProgram(nil), keySource{fd: -1}, 0},
		{"file", &program{keyFile: "f", keyFD: -1, getenv: testProgram(both).getenv}, keySource{file: "f", fd: -1}, 0},
		{"fd", &program{keyFD: 0, getenv: testProgram(both).getenv}, keySource{fd: 0}, 0},
		{"file and fd", &program{keyFile: "f", keyFD: 3, getenv: testProgram(nil).getenv}, keySource{fd: -1}, exitUsage},
		{"environment file", testProgram(map[string]string{"BAKFS_KEY_FILE": "env"}), keySource{file: "env", fd: -1}, 0},
		{"environment command", testProgram(map[string]string{"BAKFS_KEY_COMMAND": "cmd"}), keySource{command: "cmd", fd: -1}, 0},
		{"both in environment", testProgram(both), keySource{fd: -1}, exitUsage},
	} {
		got, err := c.p.keySource()
		if exitCode(err) != c.code || err == nil && got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if err == nil && got.given() != (c.want != keySource{fd: -1}) {
			t.Errorf("%s: given is %v", c.name, got.given())
		}
	}
}

func TestKeyFileModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode := os.FileMode(0o400); mode <= 0o777; mode++ {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := readSecretFile("key file", path)
		switch private := mode&0o077 == 0; {
		case private && (err != nil || string(text) != "text\n"):
			t.Errorf("mode %04o: %q, %v", mode, text, err)
		case !private && (err == nil || len(hints(err)) != 1):
			t.Errorf("mode %04o: %q, %v, hints %q", mode, text, err, hints(err))
		}
	}
}

func TestKeyTextHasALimit(t *testing.T) {
	for n, good := range map[int]bool{1: true, keyLimit: true, keyLimit + 1: false, 1 << 20: false} {
		text, err := readLimited(strings.NewReader(strings.Repeat("a", n)))
		if (err == nil) != good || good && len(text) != n {
			t.Errorf("%d bytes: %d, %v", n, len(text), err)
		}
	}
	for _, empty := range []string{"", " \n\t"} {
		if _, err := readLimited(strings.NewReader(empty)); exitCode(err) != exitWrongKey {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

// No error about a key says any of it.
func TestKeyMistakesDoNotTellTheKey(t *testing.T) {
	text := string(seal.NewRecoveryKey().Text())
	groups := strings.Fields(text)
	for i := range text {
		if text[i] == ' ' {
			continue
		}
		wrong := []byte(text)
		wrong[i] = "0123456789abcdefghjkmnpqrstvwxyz"[(strings.IndexByte("0123456789abcdefghjkmnpqrstvwxyz", text[i])+7)%32]
		_, err := seal.ParseRecoveryKey(wrong)
		if err == nil {
			t.Fatalf("character %d may be anything", i)
		}
		err = keyMistake("key", err)
		said := err.Error() + strings.Join(hints(err), " ")
		if want := fmt.Sprintf("group %d", i/9+1); exitCode(err) != exitWrongKey || !strings.Contains(said, want) {
			t.Errorf("character %d: %s", i, said)
		}
		for _, g := range append(groups, string(wrong[i/9*9:i/9*9+8])) {
			if strings.Contains(said, g) {
				t.Fatalf("%q tells group %q", said, g)
			}
		}
	}
}

func TestKeyCommandIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := testProgram(nil).runSecretCommand(ctx, "BAKFS_KEY_COMMAND", "sleep 100"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTwoGroupsAreTwo(t *testing.T) {
	seen := map[[2]int]bool{}
	for range 5000 {
		g := twoGroups()
		if len(g) != 2 || g[0] >= g[1] || g[0] < 0 || g[1] > 7 {
			t.Fatalf("%v", g)
		}
		seen[[2]int(g)] = true
	}
	if len(seen) != 28 {
		t.Errorf("%d of 28 pairs are ever asked", len(seen))
	}
}

func TestLikeKeyForgives(t *testing.T) {
	if got := string(likeKey([]byte(" oIl-A\tb Z\r"))); got != "011abz" {
		t.Errorf("%q", got)
	}
}
