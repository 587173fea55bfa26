package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

const vectorDir = "testdata/vectors"

// vector is one file of testdata/vectors: header lines, a blank line, base64. What the bytes are is said by the
// first word of its name: a recovery key as typed, an object's file, a certificate, a derived key, an enrolment.
type vector struct {
	name, expect, comment string
	inputs                [][2]string
	body                  []byte
}

func (v vector) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "expect: %s\ncomment: %s\n", v.expect, v.comment)
	for _, in := range v.inputs {
		fmt.Fprintf(&b, "%s: %s\n", in[0], in[1])
	}
	b.WriteByte('\n')
	for code := base64.StdEncoding.EncodeToString(v.body); len(code) > 0; {
		n := min(100, len(code))
		b.WriteString(code[:n] + "\n")
		code = code[n:]
	}
	return b.String()
}

// inputs are the header lines of a vector by their names.
type inputs map[string]string

func (in inputs) hex(t *testing.T, name string, size int) []byte {
	t.Helper()
	b, err := hex.DecodeString(in[name])
	if err != nil || len(b) != size {
		t.Fatalf("%s: %q", name, in[name])
	}
	return b
}

func (in inputs) number(t *testing.T, name string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(in[name], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (in inputs) root(t *testing.T) *Root {
	t.Helper()
	k := [32]byte(in.hex(t, "key", 32))
	return DeriveRoot(RecoveryKey{hide(&k)}, RepositoryID(in.hex(t, "repository", 16)))
}

func parseVector(t *testing.T, text string) (inputs, []byte) {
	t.Helper()
	head, code, ok := strings.Cut(text, "\n\n")
	body, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(code, "\n", ""))
	if !ok || err != nil {
		t.Fatalf("not a vector: %v", err)
	}
	in := inputs{}
	for _, line := range strings.Split(head, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		if _, twice := in[name]; !ok || twice {
			t.Fatalf("header line %q", line)
		}
		in[name] = value
	}
	return in, body
}

// The files are what vectors makes: nothing is changed by hand, nothing depends on chance.
func TestVectorsAreAsMade(t *testing.T) {
	made := vectors(t)
	if *update {
		old, _ := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
		for _, file := range old {
			os.Remove(file)
		}
		if err := os.MkdirAll(vectorDir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]bool{}
	for _, v := range made {
		if names[v.name] {
			t.Errorf("two vectors are called %s", v.name)
		}
		names[v.name] = true
		file := filepath.Join(vectorDir, v.name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(v.text()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != v.text() {
			t.Errorf("%s is not as made: %v", file, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(files) != len(made) {
		t.Errorf("%d files, %d made: %v", len(files), len(made), err)
	}
}

func TestVectors(t *testing.T) {
	kinds := map[string]func(*testing.T, inputs, []byte) string{
		"key": runKey, "object": runObject, "certificate": runCertificate, "derive": runDerive, "enrolment": runEnrolment,
	}
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, body := parseVector(t, string(text))
			kind, _, _ := strings.Cut(name, "-")
			if got := kinds[kind](t, in, body); got != in["expect"] {
				t.Errorf("%s: got %s, want %s", in["comment"], got, in["expect"])
			}
			if in["expect"] != "good" {
				bad++
			}
		})
	}
	if bad*2 <= len(files) {
		t.Errorf("%d of %d vectors fail, want most", bad, len(files))
	}
}

// outcome is how vectors name an error.
func outcome(err error) string {
	var e *KeyError
	switch {
	case err == nil:
		return "good"
	case errors.As(err, &e):
		return fmt.Sprintf("group %d", e.Group)
	case errors.Is(err, ErrTampered):
		return "tampered"
	case errors.Is(err, ErrKey):
		return "key"
	case errors.Is(err, ErrVersion):
		return "version"
	}
	return err.Error()
}

func runKey(t *testing.T, in inputs, body []byte) string {
	k, err := ParseRecoveryKey(body)
	if err == nil && !bytes.Equal(k.get()[:], in.hex(t, "key", 32)) {
		return "another key"
	}
	return outcome(err)
}

func runObject(t *testing.T, in inputs, body []byte) string {
	k := in.root(t).keysTo(uint32(in.number(t, "newest epoch")))
	p := Place{Class(in.number(t, "class")), uint32(in.number(t, "epoch")), Pseudonym(in.hex(t, "pseudonym", 16)), in.number(t, "seq")}
	plaintext, err := k.Open(p, body)
	read, rerr := openByReader(k, p, body)
	if outcome(err) != outcome(rerr) {
		return fmt.Sprintf("Open: %s, Reader: %s", outcome(err), outcome(rerr))
	}
	if err == nil {
		if sum := sha256.Sum256(plaintext); !bytes.Equal(plaintext, read) || !bytes.Equal(sum[:], in.hex(t, "plaintext", 32)) {
			return "another plaintext"
		}
	}
	return outcome(err)
}

func runCertificate(t *testing.T, in inputs, body []byte) string {
	c, err := in.root(t).Keys().ParseCertificate(body)
	if err != nil {
		return outcome(err)
	}
	if c.Device.String() != in["device"] || c.Name != in["name"] || !bytes.Equal(c.Public[:], in.hex(t, "public", 32)) ||
		strconv.FormatInt(c.Time, 10) != in["time"] || uint64(c.Epoch) != in.number(t, "epoch") {
		return "another device"
	}
	return outcome(c.Verify([]byte(in["message"]), in.hex(t, "signature", len(in["signature"])/2)))
}

// derived returns the key, name or pseudonym that a label stands for.
func derived(t *testing.T, in inputs) []byte {
	root := in.root(t)
	k := root.keysTo(1)
	s := k.get()
	switch label, rest, _ := strings.Cut(in["what"], " "); label {
	case "prk":
		return root.get().prk
	case "root":
		return s.root[:]
	case "name":
		return s.name[:]
	case "cut":
		key := k.CutKey()
		return key[:]
	case "epoch":
		return s.epochs[in.number(t, "epoch")][:]
	case "object":
		return s.epoch[in.number(t, "epoch")].object[:]
	case "journal":
		return s.epoch[in.number(t, "epoch")].journal[:]
	case "pseudonym":
		return s.epoch[in.number(t, "epoch")].pseudonym[:]
	case "chunk":
		id := k.Name(ChunkType(in.number(t, "type")), []byte(rest))
		return id[:]
	case "device":
		p := k.Pseudonym(DeviceID(in.hex(t, "device", 16)))
		return p[:]
	}
	t.Fatalf("what: %q", in["what"])
	return nil
}

func runDerive(t *testing.T, in inputs, body []byte) string {
	if bytes.Equal(derived(t, in), body) {
		return "good"
	}
	return "differs"
}

func runEnrolment(t *testing.T, in inputs, body []byte) string {
	k, d, err := ParseEnrolment(body)
	if err == nil && (k.Repository().String() != in["repository"] || d.ID.String() != in["device"]) {
		return "another device"
	}
	return outcome(err)
}
