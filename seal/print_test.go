package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// holders returns a value of every type that holds a key, and the secrets in them.
func holders(t *testing.T) (values []any, secrets [][]byte) {
	t.Helper()
	k := RecoveryKey{hide(new([32]byte))}
	copy(k.get()[:], "CANARY-of-the-recovery-key-12345")
	root := DeriveRoot(k, RepositoryID{1})
	keys := root.Keys()
	d, err := root.Enrol("laptop", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	file, err := keys.Seal(Place{Class: ClassEntry}, make([]byte, 3992))
	if err != nil {
		t.Fatal(err)
	}
	r, err := keys.NewReader(bytes.NewReader(file), int64(len(file)), Place{Class: ClassEntry})
	if err != nil {
		t.Fatal(err)
	}
	w, err := keys.NewWriter(io.Discard, Place{Class: ClassEntry})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "CANARY-of-plaintext")
	e := keys.get().epoch[0]
	secrets = [][]byte{
		k.get()[:], root.get().prk, root.get().signing.Seed(), keys.get().name[:], keys.get().cut[:], keys.get().epochs[0][:],
		e.object[:], e.journal[:], e.pseudonym[:], d.get().signing.Seed(), r.get().cipher.base[:], w.get().cipher.base[:],
		[]byte("CANARY-of-plaintext"),
	}
	return []any{k, *root, *keys, *d, *r, *w}, secrets
}

// leaks says whether a text shows eight bytes of a secret in any usual form.
func leaks(text string, secrets [][]byte) bool {
	for _, s := range secrets {
		s = s[:8]
		decimal := strings.Trim(fmt.Sprint(s), "[]")
		coded := base64.StdEncoding.EncodeToString(s)[:10]
		for _, form := range []string{string(s), hex.EncodeToString(s), coded, decimal, strings.ReplaceAll(decimal, " ", ", "),
			strings.ReplaceAll(decimal, " ", ","), strings.Trim(fmt.Sprintf("% x", s), "[]"), fmt.Sprintf("%#v", s)[7:40]} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				return true
			}
		}
	}
	return false
}

// pointerTo returns a pointer to a copy of v.
func pointerTo(v any) any {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	return p.Interface()
}

func TestKeysPrintAsKey(t *testing.T) {
	values, secrets := holders(t)
	for _, value := range values {
		for _, v := range []any{value, pointerTo(value)} {
			for _, verb := range strings.Split("%v,%+v,%#v,%s,%q,%x,%X,% x,%#x,%d,%o,%b,%c,%U,%e,%g,%t,%20v,%-5s,%.2s", ",") {
				if got := fmt.Sprintf(verb, v); got != "[key]" {
					t.Errorf("%T under %s: %q", v, verb, got)
				}
			}
			if s, ok := v.(fmt.Stringer); !ok || s.String() != "[key]" {
				t.Errorf("%T: String", v)
			}
			if s, ok := v.(fmt.GoStringer); !ok || s.GoString() != "[key]" {
				t.Errorf("%T: GoString", v)
			}
			if b, err := json.Marshal(v); err != nil || string(b) != `"[key]"` {
				t.Errorf("%T: JSON %s, %v", v, b, err)
			}
			if b, err := json.Marshal(map[string]any{"k": v}); err != nil || leaks(string(b), secrets) {
				t.Errorf("%T: JSON %s, %v", v, b, err)
			}
			if m, ok := v.(interface{ MarshalText() ([]byte, error) }); !ok {
				t.Errorf("%T: no MarshalText", v)
			} else if b, err := m.MarshalText(); err != nil || string(b) != "[key]" {
				t.Errorf("%T: text %s, %v", v, b, err)
			}
		}
	}
}

// A caller's struct with an unexported field, a bad verb, and a logger reach a value without its methods.
func TestKeysDoNotLeakThroughOthers(t *testing.T) {
	values, secrets := holders(t)
	if !leaks(fmt.Sprint(secrets), secrets) || !leaks(fmt.Sprintf("%x", secrets[1]), secrets) {
		t.Fatal("the test would not see a leak")
	}
	for _, v := range values {
		p := pointerTo(v)
		field := reflect.New(reflect.StructOf([]reflect.StructField{
			{Name: "hidden", PkgPath: "elsewhere", Type: reflect.TypeOf(v)},
			{Name: "Shown", Type: reflect.TypeOf(p)},
		})).Elem()
		field.Field(1).Set(reflect.ValueOf(p))
		reflect.NewAt(field.Field(0).Type(), field.Field(0).Addr().UnsafePointer()).Elem().Set(reflect.ValueOf(v))
		for _, holder := range []any{field.Interface(), []any{v, p}, map[string]any{"k": v}, v, p} {
			for _, verb := range strings.Fields("%v %+v %#v %s %x %d %q %p %w %!") {
				if got := fmt.Sprintf(verb, holder); leaks(got, secrets) {
					t.Errorf("%T in %T under %s: %s", v, holder, verb, got)
				}
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "k", holder)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "k", holder)
			if leaks(log.String(), secrets) {
				t.Errorf("%T in %T in a log: %s", v, holder, &log)
			}
		}
	}
}

// Every exported struct of the package is a holder that prints as "[key]", or is listed here as public.
func TestNoTypeIsForgotten(t *testing.T) {
	known := map[string]bool{"KeyError": true, "Place": true, "Header": true, "Certificate": true}
	values, _ := holders(t)
	for _, v := range values {
		rt := reflect.TypeOf(v)
		known[rt.Name()] = true
		if f, ok := rt.FieldByName("secret"); !ok || !f.Anonymous {
			t.Errorf("%s does not embed secret", rt.Name())
		}
		for i := range rt.NumField() {
			if f := rt.Field(i); !f.IsExported() && f.Name != "secret" {
				t.Errorf("%s.%s is not behind secret: fmt would print it inside another struct", rt.Name(), f.Name)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			if _, ok := spec.Type.(*ast.StructType); ok {
				found++
				if !known[spec.Name.Name] {
					t.Errorf("%s: does %s hold a key?", name, spec.Name.Name)
				}
			}
			return true
		})
	}
	if found != len(known) {
		t.Errorf("%d exported structs, %d known", found, len(known))
	}
}
