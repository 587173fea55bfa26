package integration

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bakfs/seal"
)

// derivedKeys computes every key of FORMAT.md section 4 from the recovery key. Those
// in kept are what a device keeps in its own file.
func derivedKeys(t tb, recovery []byte, repo []byte) (secret, kept map[string][]byte) {
	t.Helper()
	must := func(b []byte, err error) []byte {
		t.Helper()
		check(t, err)
		return b
	}
	expand := func(key []byte, label string) []byte { return must(hkdf.Expand(sha512.New, key, label, 32)) }
	prk := must(hkdf.Extract(sha512.New, recovery, append([]byte("bakfs/v1"), repo...)))
	epoch := expand(prk, "bakfs/v1 epoch\x00\x00\x00\x00")
	kept = map[string][]byte{
		"name key": expand(prk, "bakfs/v1 chunk name"), "cut key": expand(prk, "bakfs/v1 chunker gear aes256-ctr"), "epoch key": epoch,
	}
	secret = map[string][]byte{
		"recovery key's bytes": recovery, "PRK": prk[:32], "PRK's end": prk[32:], "root seed": expand(prk, "bakfs/v1 root signing"),
		"object key": expand(epoch, "bakfs/v1 object"), "journal key": expand(epoch, "bakfs/v1 journal"), "pseudonym key": expand(epoch, "bakfs/v1 pseudonym"),
	}
	return secret, kept
}

// recoveryBytes decodes a recovery key's text as FORMAT.md section 3 says.
func recoveryBytes(t tb, text []byte) []byte {
	t.Helper()
	const symbols = "0123456789abcdefghjkmnpqrstvwxyz"
	var bits, n uint
	var out []byte
	for _, group := range bytes.Fields(text) {
		for _, c := range group[:7] {
			bits, n = bits<<5|uint(strings.IndexByte(symbols, c)), n+5
			if n >= 8 {
				n -= 8
				out = append(out, byte(bits>>n))
			}
		}
	}
	if len(out) != 35 || out[0] != 1 {
		t.Fatalf("not the text of a recovery key")
	}
	return out[1:33]
}

// keyCanaries are all secrets of a repository and of the device of m.
func keyCanaries(t tb, m *machine, keyFile string) (secret, kept map[string][]byte) {
	t.Helper()
	text, err := os.ReadFile(keyFile)
	check(t, err)
	devices := globbed(t, m.state()+"/*/device")
	if len(devices) != 1 {
		t.Fatalf("device files: %v", devices)
	}
	repo, err := hex.DecodeString(filepath.Base(filepath.Dir(devices[0])))
	check(t, err)
	secret, kept = derivedKeys(t, recoveryBytes(t, text), repo)
	b, err := os.ReadFile(devices[0])
	check(t, err)
	for name, key := range kept { // else this test looks for the wrong bytes
		if !bytes.Contains(b, key) {
			t.Fatalf("the device's file does not hold the %s", name)
		}
	}
	seed := b[13+16+3*32:][:32] // the layout is in seal/enrolment.go
	_, device, err := seal.ParseEnrolment(b)
	check(t, err)
	if c := device.Certificate(); !bytes.Equal(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), c.Public[:]) {
		t.Fatal("the device's seed lies elsewhere in its file")
	}
	kept["device's seed"] = seed
	groups := bytes.Fields(text)
	plain := bytes.Join(groups, nil)
	secret["recovery key"] = bytes.TrimSpace(text)
	secret["recovery key without blanks"] = plain
	secret["recovery key with hyphens"] = bytes.Join(groups, []byte("-"))
	secret["recovery key in capitals"] = bytes.ToUpper(plain)
	for i, g := range groups {
		secret[fmt.Sprint("recovery key's group ", i+1)] = g
	}
	return secret, kept
}

// plantCanaries makes a source with a canary in every place where a person's data
// can be, and returns them.
func plantCanaries(t tb) (src string, all map[string][]byte) {
	t.Helper()
	word := func(what string) string { return "canary." + what + ".Xq7vT2kLm9" }
	all = map[string][]byte{}
	add := func(what string) string {
		all[what] = []byte(word(what))
		return word(what)
	}
	src = filepath.Join(tempDir(t), add("source"))
	folder := filepath.Join(src, add("folder"))
	check(t, os.MkdirAll(folder, 0o755))
	file := filepath.Join(folder, add("file"))
	check(t, os.WriteFile(file, []byte(add("inline content")), 0o600))
	check(t, optional(unix.Setxattr(file, "user."+add("attribute"), []byte(add("value")), 0), unix.ENOTSUP))
	check(t, os.Symlink(add("target"), filepath.Join(folder, add("link"))))
	check(t, unix.Mkfifo(filepath.Join(folder, add("fifo")), 0o600))
	check(t, os.WriteFile(folder+"/text", []byte(strings.Repeat(add("repeated content")+"\n", 3000)), 0o600))
	hard := content("random", 1, 2_000_000) // stays uncompressed in its pack
	copy(hard[1_000_000:], add("content that does not compress"))
	check(t, os.WriteFile(folder+"/hard", hard, 0o600))
	check(t, os.WriteFile(folder+"/many", nil, 0o600))
	for i := range 40 {
		check(t, os.WriteFile(filepath.Join(folder, add(fmt.Sprint("file", i))), []byte(add(fmt.Sprint("small", i))), 0o600))
	}
	add("tag")
	add("device")
	return src, all
}

// Nothing that the user has, and no key, is readable anywhere outside of the source
// and of the device's own file.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	src, canaries := plantCanaries(t)
	m := newMachine(t, filepath.Join(tempDir(t), "cloud"))
	key := m.path("key")
	device := string(canaries["device"])
	var words bytes.Buffer // what is said, but at init, which names the device
	say := func(m *machine, args ...string) {
		t.Helper()
		r := m.run(append(args, "-v")...)
		if r.code != 0 {
			t.Fatalf("bakfs %q: %s", args, r.stderr)
		}
		words.WriteString(r.stdout + r.stderr)
	}
	hello := m.run("init", "-v", "--write-key", key, "--device", device)
	say(m, "backup", "--tag", string(canaries["tag"]), src)
	say(m, "backup", src)
	secret, kept := keyCanaries(t, m, key)
	lone := withKey(t, m.repo, key)
	for _, m := range []*machine{m, lone} {
		say(m, "check", "--read-data")
		say(m, "stats")
		say(m, "rebuild-index")
		say(m, "restore", "latest:"+src, filepath.Join(tempDir(t), "dest"))
	}
	if !bytes.Contains([]byte(m.ok("ls", "-R", "latest:"+src)), canaries["file"]) {
		t.Fatal("the canaries are not in the backup, so this test sees nothing")
	}

	keys := maps.Clone(secret)
	maps.Copy(keys, kept)
	maps.Copy(canaries, keys)
	s := newScanner(canaries)
	newScanner(keys).clean(t, "what init says", []byte(hello.stdout+hello.stderr))
	s.clean(t, "what commands say at -v", words.Bytes())
	checkMountLeaks(t, lone, s)
	n := s.cleanDir(t, m.repo, nil)
	for _, m := range []*machine{m, lone} {
		n += s.cleanDir(t, m.cache(), nil)
		if _, err := os.Stat(m.state()); err == nil {
			n += s.cleanDir(t, m.state(), func(path string) bool { return filepath.Base(path) == "device" })
		}
	}
	if n < 10 {
		t.Errorf("only %d files were looked at", n)
	}
	for _, path := range globbed(t, m.state()+"/*/device") { // not even there
		b, err := os.ReadFile(path)
		check(t, err)
		newScanner(secret).clean(t, path, b)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

// checkMountLeaks looks at what everybody can see of a mount's process, or at least
// its user, while it serves files with canaries.
func checkMountLeaks(t tb, m *machine, s *scanner) {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Log("/dev/fuse cannot be used here: the mount's process is not looked at")
		return
	} else {
		f.Close()
	}
	v := m.mount()
	look(t, v.dir)
	proc := fmt.Sprintf("/proc/%d/", v.pid)
	for _, name := range []string{"cmdline", "environ", "comm", "mountinfo", "maps"} {
		b, err := os.ReadFile(proc + name)
		if errors.Is(err, os.ErrPermission) { // the process is closed to its own user
			continue
		}
		check(t, err)
		if name == "cmdline" && !bytes.Contains(b, []byte("mount")) {
			t.Errorf("cmdline of another process: %q", b)
		}
		s.clean(t, proc+name, b)
	}
	if b, err := os.ReadFile(proc + "environ"); err == nil && bytes.Contains(b, []byte("BAKFS_KEY_FILE")) {
		t.Error("the mount's process still knows where the key is")
	}
	v.umount()
}

// A crash of the program must not write memory anywhere, and its memory is closed.
func TestMountKeepsItsMemory(t *testing.T) {
	t.Parallel()
	m, _ := newRepository(t, "laptop")
	v := m.mount()
	limits, err := os.Open(fmt.Sprintf("/proc/%d/limits", v.pid))
	check(t, err)
	defer limits.Close()
	b, err := io.ReadAll(limits)
	check(t, err)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (f[4] != "0" || f[5] != "0") {
			t.Errorf("core dumps are possible: %s", line)
		}
	}
	if info, err := os.Stat(fmt.Sprintf("/proc/%d/environ", v.pid)); err == nil && os.Geteuid() != 0 {
		if f, err := os.Open(fmt.Sprintf("/proc/%d/environ", v.pid)); err == nil {
			f.Close()
			t.Errorf("environ of the mount's process is open to its user: %v", info.Mode())
		}
	}
	v.umount()
}
