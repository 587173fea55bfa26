package snapshot

import (
	"bytes"
	"errors"
	"io"
	iofs "io/fs"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestBuilderRefuses(t *testing.T) {
	r := newTestRepo(t)
	for name, o := range map[string]BuildOptions{
		"no keys":          {Source: "/signal/me", Date: backupDate},
		"no date":          {Keys: r.keys, Source: "/signal/me"},
		"no source":        {Keys: r.keys, Date: backupDate},
		"another folder":   {Keys: r.keys, Date: backupDate, Source: "/home/me"},
		"a folder above":   {Keys: r.keys, Date: backupDate, Source: "/signal"},
		"a folder below":   {Keys: r.keys, Date: backupDate, Source: "/signal/me/x"},
		"a long account":   {Keys: r.keys, Date: backupDate, Source: "/signal/" + strings.Repeat("a", 256)},
		"an evil account":  {Keys: r.keys, Date: backupDate, Source: "/signal/.."},
		"a files parent":   {Keys: r.keys, Date: backupDate, Source: "/signal/me", Parent: &Info{Sources: []string{"/a"}}},
		"a tag not UTF-8":  {Keys: r.keys, Date: backupDate, Source: "/signal/me", Tags: []string{"\xff"}},
		"a NUL in account": {Keys: r.keys, Date: backupDate, Source: "/signal/a\x00"},
	} {
		if _, err := NewBuilder(t.Context(), r.st, r.j, r.d, o); err == nil {
			t.Error(name, "is taken")
		}
	}
	b := r.builder(BuildOptions{})
	r.put(b, "a/b", "1")
	for name, want := range map[string]error{
		"": nil, "/x": nil, "x/": nil, "x//y": nil, ".": nil, "../x": nil, "x/./y": nil, "x\x00": nil, strings.Repeat("n", 256): nil,
		"a": errIsDir, "a/b": iofs.ErrExist, "a/b/c": errIsNoDir, strings.Repeat("d/", 1024) + "f": nil, strings.Repeat("abcdefg/", 511) + "abcdefg": nil,
	} {
		err := b.Write(t.Context(), name, time.Time{}, "", strings.NewReader("x"))
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%.40q: %v", name, err)
		}
		if _, ok, err := b.Reuse(t.Context(), name); ok || err == nil {
			t.Errorf("Reuse %.40q: %v", name, err)
		}
	}
	if err := b.Write(t.Context(), "m", time.Time{}, strings.Repeat("m", 1<<16+1), strings.NewReader("x")); err == nil {
		t.Error("a type of 64 KiB is taken")
	}
	res := r.finish(b)
	if got := r.contents(res.Info); len(got) != 1 || got["a/b"] != "1" {
		t.Error("what was refused is there, or what was taken is not")
	}
	if err := b.Write(t.Context(), "late", time.Time{}, "", strings.NewReader("")); !errors.Is(err, errBuilt) {
		t.Error(err)
	}
	if _, err := b.Finish(t.Context()); !errors.Is(err, errBuilt) {
		t.Error(err)
	}
}

// The deepest tree that is taken can be read.
func TestBuilderAtItsDepth(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{})
	deep := strings.Repeat("d/", maxDepth-3) + "f"
	if err := b.Write(t.Context(), "d/"+deep, time.Time{}, "", strings.NewReader("x")); err == nil {
		t.Error("a folder more is taken")
	}
	r.put(b, deep, "deep")
	res := r.finish(b)
	if b, err := iofs.ReadFile(Open(r.st, res.Info), "signal/me/"+deep); err != nil || string(b) != "deep" || res.Dirs != maxDepth-1 {
		t.Errorf("%q, %v, %d", b, err, res.Dirs)
	}
}

// A reader that fails costs its file and nothing else, whatever error it has.
func TestBuilderWithReadersThatFail(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{})
	for _, fail := range []error{errors.New("broken"), io.ErrUnexpectedEOF, io.ErrNoProgress} {
		for _, n := range []int{0, 1, 512, 513, 200_000, 3 << 20} {
			in := io.MultiReader(bytes.NewReader(noise(1, n)), iotest.ErrReader(fail))
			if err := b.Write(t.Context(), "photo", time.Time{}, "", in); !errors.Is(err, fail) {
				t.Errorf("%v behind %d bytes: %v", fail, n, err)
			}
		}
	}
	r.put(b, "photo", "good")
	if got := r.contents(r.finish(b).Info); len(got) != 1 || got["photo"] != "good" {
		t.Error(len(got))
	}
}
