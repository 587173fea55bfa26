package snapshot

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

// names are raw bytes: not UTF-8, up to 255 long.
func drawName(t *rapid.T) string {
	b := rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 1, 12),
		rapid.SliceOfN(rapid.ByteRange('a', 'c'), 1, 4),
		rapid.SliceOfN(rapid.ByteRange(0x80, 0xff), 255, 255),
	).Draw(t, "name")
	for i, c := range b {
		if c == '/' || c == 0 {
			b[i] = '_'
		}
	}
	if s := string(b); s != "." && s != ".." {
		return s
	}
	return "..."
}

func drawID(t *rapid.T) (id seal.ID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "id"))
	id[31] = 1
	return id
}

func drawEntry(t *rapid.T) Entry {
	e := Entry{
		Name: drawName(t), Kind: Kind(rapid.IntRange(1, 7).Draw(t, "kind")),
		Mode: rapid.Uint32Range(0, maxMode).Draw(t, "mode"), UID: rapid.Uint32().Draw(t, "uid"), GID: rapid.Uint32().Draw(t, "gid"),
		User: rapid.StringN(0, 8, 255).Draw(t, "user"), MTime: rapid.Int64().Draw(t, "mtime"), CTime: rapid.Int64().Draw(t, "ctime"),
		Inode: rapid.Uint64().Draw(t, "inode"), Nlink: rapid.Uint32().Draw(t, "nlink"),
	}
	switch e.Kind {
	case File:
		drawContent(t, &e)
	case Dir:
		e.Root = drawID(t)
	case Symlink:
		e.Target = strings.Repeat("t/", rapid.IntRange(1, 2047).Draw(t, "target"))
		e.Size = int64(len(e.Target))
	case CharDevice, BlockDevice:
		e.Major, e.Minor = rapid.Uint32().Draw(t, "major"), rapid.Uint32().Draw(t, "minor")
	}
	if e.Kind != Dir && rapid.Bool().Draw(t, "linked") {
		e.Flags, e.Device = flagHardLink, rapid.Uint64().Draw(t, "device")
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom([]string{"user.a", "user.b", "\xff"}), 0, 3).Draw(t, "xattrs")))) {
		e.Flags |= flagXattrs
		e.Xattrs = append(e.Xattrs, Xattr{name, rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value")})
	}
	return e
}

func drawContent(t *rapid.T, e *Entry) {
	switch rapid.IntRange(0, 3).Draw(t, "content") {
	case 1:
		e.Inline = rapid.SliceOfN(rapid.Byte(), 1, maxInline).Draw(t, "inline")
		e.Size = int64(len(e.Inline))
	case 2:
		for range rapid.IntRange(1, maxExtents).Draw(t, "extents") {
			x := Extent{Length: rapid.Uint32Range(1, 1<<32-1).Draw(t, "hole")}
			if rapid.Bool().Draw(t, "data") {
				x = Extent{Length: rapid.Uint32Range(1, maxChunk).Draw(t, "length"), ID: drawID(t)}
			}
			e.Extents = append(e.Extents, x)
			e.Size += int64(x.Length)
		}
	case 3:
		e.Root, e.Size = drawID(t), rapid.Int64Range(1, 1<<63-1).Draw(t, "size")
		e.Data = rapid.Int64Range(0, e.Size).Draw(t, "data")
	}
}

// sameEntry takes empty and missing slices for the same.
func sameEntry(a, b Entry) bool {
	for _, e := range []*Entry{&a, &b} {
		if len(e.Inline) == 0 {
			e.Inline = nil
		}
		if len(e.Extents) == 0 {
			e.Extents = nil
		}
		if len(e.Xattrs) == 0 {
			e.Xattrs = nil
		}
		e.Xattrs = slices.Clone(e.Xattrs)
		for i := range e.Xattrs {
			e.Xattrs[i].Value = append([]byte{}, e.Xattrs[i].Value...)
		}
	}
	return reflect.DeepEqual(a, b)
}

func TestEntryComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		b, err := appendEntry(nil, &e)
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		c := cursor{b: bytes.Clone(b)}
		var got Entry
		if err := c.entry(&got); err != nil || len(c.b) > 0 {
			t.Fatalf("%v, %d bytes left", err, len(c.b))
		}
		if !sameEntry(e, got) {
			t.Fatalf("\nwrote %+v\n read %+v", e, got)
		}
		for n := range b {
			c = cursor{b: b[:n]}
			if c.entry(&got) == nil {
				t.Fatalf("%d of %d bytes are read as an entry", n, len(b))
			}
		}
	})
}

func id(n byte) seal.ID { return seal.ID{n} }

func xattrs(n, each int) (all []Xattr) {
	for i := range n {
		all = append(all, Xattr{Name: string(rune('a' + i)), Value: make([]byte, each)})
	}
	return all
}

type entryLimit struct {
	name string
	e    Entry
	ok   bool
}

func checkLimits(t *testing.T, tests []entryLimit) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := appendEntry(nil, &test.e); (err == nil) != test.ok {
				t.Error(err)
			}
		})
	}
}

func fileWith(change func(*Entry)) Entry {
	e := Entry{Name: "f", Kind: File}
	change(&e)
	return e
}

func TestEntryLimits(t *testing.T) {
	checkLimits(t, []entryLimit{
		{"empty file", fileWith(func(*Entry) {}), true},
		{"name of 255 bytes", Entry{Name: strings.Repeat("n", 255), Kind: FIFO}, true},
		{"name of 256 bytes", Entry{Name: strings.Repeat("n", 256), Kind: FIFO}, false},
		{"no name", Entry{Kind: FIFO}, false},
		{"dot", Entry{Name: ".", Kind: FIFO}, false},
		{"dot dot", Entry{Name: "..", Kind: FIFO}, false},
		{"slash in name", Entry{Name: "a/b", Kind: FIFO}, false},
		{"NUL in name", Entry{Name: "a\x00", Kind: FIFO}, false},
		{"three dots", Entry{Name: "...", Kind: FIFO}, true},
		{"kind 0", Entry{Name: "f"}, false},
		{"kind 8", Entry{Name: "f", Kind: 8}, false},
		{"flag 8", Entry{Name: "f", Kind: FIFO, Flags: 8}, false},
		{"linked directory", Entry{Name: "f", Kind: Dir, Root: id(1), Flags: flagHardLink}, false},
		{"mode 7777", fileWith(func(e *Entry) { e.Mode = 0o7777 }), true},
		{"mode 10000", fileWith(func(e *Entry) { e.Mode = 0o10000 }), false},
		{"user of 255", fileWith(func(e *Entry) { e.User = strings.Repeat("u", 255) }), true},
		{"group of 256", fileWith(func(e *Entry) { e.Group = strings.Repeat("u", 256) }), false},
	})
}

func TestEntryLimitsOfContent(t *testing.T) {
	data := func(n int) (all []Extent) {
		for range n {
			all = append(all, Extent{maxChunk, id(1)})
		}
		return all
	}
	checkLimits(t, []entryLimit{
		{"inline 512", fileWith(func(e *Entry) { e.Inline, e.Size = make([]byte, 512), 512 }), true},
		{"inline 513", fileWith(func(e *Entry) { e.Inline, e.Size = make([]byte, 513), 513 }), false},
		{"inline of another size", fileWith(func(e *Entry) { e.Inline, e.Size = make([]byte, 9), 8 }), false},
		{"size without content", fileWith(func(e *Entry) { e.Size = 1 }), false},
		{"8 extents", fileWith(func(e *Entry) { e.Extents, e.Size = data(8), 8<<20 }), true},
		{"9 extents", fileWith(func(e *Entry) { e.Extents, e.Size = data(9), 9<<20 }), false},
		{"extents that do not add up", fileWith(func(e *Entry) { e.Extents, e.Size = data(2), 2<<20+1 }), false},
		{"empty extent", fileWith(func(e *Entry) { e.Extents, e.Size = append(data(1), Extent{0, id(2)}), 1<<20 }), false},
		{"chunk of more than 1 MiB", fileWith(func(e *Entry) { e.Extents, e.Size = []Extent{{maxChunk + 1, id(1)}}, maxChunk+1 }), false},
		{"hole of 4 GiB - 1", fileWith(func(e *Entry) { e.Extents, e.Size = []Extent{{1<<32 - 1, seal.ID{}}}, 1<<32-1 }), true},
		{"list of size 0", fileWith(func(e *Entry) { e.Root = id(1) }), false},
		{"list of the largest size", fileWith(func(e *Entry) { e.Root, e.Size = id(1), 1<<63-1 }), true},
		{"list of negative size", fileWith(func(e *Entry) { e.Root, e.Size = id(1), -1 }), false},
		{"directory without root", Entry{Name: "d", Kind: Dir}, false},
		{"link to nothing", Entry{Name: "l", Kind: Symlink}, false},
		{"target of 4095", Entry{Name: "l", Kind: Symlink, Target: strings.Repeat("t", 4095)}, true},
		{"target of 4096", Entry{Name: "l", Kind: Symlink, Target: strings.Repeat("t", 4096)}, false},
		{"NUL in target", Entry{Name: "l", Kind: Symlink, Target: "\x00"}, false},
		{"value of 64 KiB", fileWith(func(e *Entry) { e.Xattrs = xattrs(1, 1<<16) }), true},
		{"value of 64 KiB + 1", fileWith(func(e *Entry) { e.Xattrs = xattrs(1, 1<<16+1) }), false},
		{"256 KiB of attributes", fileWith(func(e *Entry) { e.Xattrs = xattrs(4, 1<<16-1) }), true},
		{"more than 256 KiB of attributes", fileWith(func(e *Entry) { e.Xattrs = xattrs(4, 1<<16) }), false},
		{"attribute without name", fileWith(func(e *Entry) { e.Xattrs = []Xattr{{"", nil}} }), false},
		{"attribute twice", fileWith(func(e *Entry) { e.Xattrs = []Xattr{{"a", nil}, {"a", nil}} }), false},
		{"attributes unsorted", fileWith(func(e *Entry) { e.Xattrs = []Xattr{{"b", nil}, {"a", nil}} }), false},
		{"attribute name of 256", fileWith(func(e *Entry) { e.Xattrs = []Xattr{{strings.Repeat("x", 256), nil}} }), false},
	})
}

// What appendEntry never writes, made from what it does.
func TestEntryHasOneForm(t *testing.T) {
	plain := plainFile("f", "abc")
	link := Entry{Name: "l", Kind: Symlink, Target: "abc"}
	dir := Entry{Name: "d", Kind: Dir, Root: id(1)}
	list := Entry{Name: "f", Kind: File, Root: id(1), Size: 1 << 24}
	const content, flags, size = 4, 6, 49 // offsets in an entry with a name of one byte and no user and group
	for _, test := range []struct {
		name   string
		e      Entry
		change func(b []byte) []byte
	}{
		{"content 4", plain, func(b []byte) []byte { b[content] = 4; return b }},
		{"content of a link", link, func(b []byte) []byte { b[content] = 1; return b }},
		{"size of a directory", dir, func(b []byte) []byte { b[size+7] = 1; return b }},
		{"size of a link", link, func(b []byte) []byte { b[size+7] = 4; return b }},
		{"size of 2^63", list, func(b []byte) []byte { b[size] = 0x80; return b }},
		{"flag without attributes", plain, func(b []byte) []byte { b[flags] = flagXattrs; return append(b, 0, 0) }},
		{"no inline bytes", Entry{Name: "f", Kind: File}, func(b []byte) []byte { b[content] = 1; return append(b, 0, 0) }},
		{"no extents", Entry{Name: "f", Kind: File}, func(b []byte) []byte { b[content] = 2; return append(b, 0) }},
		{"list without name", list, func(b []byte) []byte { clear(b[len(b)-40:]); return b }},
		{"more data than bytes", list, func(b []byte) []byte { b[len(b)-5] = 1; return b }},
		{"negative data", list, func(b []byte) []byte { b[len(b)-8] = 0x80; return b }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := appendEntry(nil, &test.e)
			if err != nil {
				t.Fatal(err)
			}
			var e Entry
			if c := (cursor{b: bytes.Clone(b)}); c.entry(&e) != nil {
				t.Fatal("the unchanged entry is refused")
			}
			c := cursor{b: test.change(b)}
			if err := c.entry(&e); err == nil || err == errShort {
				t.Errorf("read as %+v: %v", e, err)
			}
		})
	}
}
