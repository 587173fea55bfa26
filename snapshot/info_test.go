package snapshot

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bakfs/journal"
	"bakfs/seal"
)

func goodInfo() Info {
	return Info{Start: time.Unix(1, 2), End: time.Unix(3, 4), Root: id(1), Sources: []string{"/a", "/b/c"}, Tags: []string{"täg"},
		Files: 1, Dirs: 2, Others: 3, Bytes: 4, Added: 5, Stored: 6, NotRead: 7, Incomplete: true}
}

func TestPayloadComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := goodInfo()
		i.Start, i.End = time.Unix(0, rapid.Int64().Draw(t, "start")), time.Unix(0, rapid.Int64().Draw(t, "end"))
		i.Incomplete = rapid.Bool().Draw(t, "incomplete")
		i.Bytes, i.NotRead = rapid.Uint64().Draw(t, "bytes"), rapid.Uint64().Draw(t, "not read")
		i.Sources = nil
		for _, name := range rapid.SliceOfNDistinct(rapid.Custom(drawName), 1, 5, rapid.ID[string]).Draw(t, "sources") {
			i.Sources = append(i.Sources, "/"+name)
		}
		slices.Sort(i.Sources)
		i.Tags = slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.StringN(1, 20, 255), 0, 3, rapid.ID[string]).Draw(t, "tags")))
		b, err := i.payload()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parsePayload(b)
		if len(i.Tags) == 0 {
			i.Tags = nil
		}
		if err != nil || !reflect.DeepEqual(got, i) {
			t.Fatalf("\nwrote %+v\n read %+v, %v", i, got, err)
		}
		for n := range b {
			if _, err := parsePayload(b[:n]); err == nil {
				t.Fatalf("%d of %d bytes are read", n, len(b))
			}
		}
	})
}

func TestPayloadLimits(t *testing.T) {
	for name, change := range map[string]func(*Info){
		"no root":              func(i *Info) { i.Root = seal.ID{} },
		"no sources":           func(i *Info) { i.Sources = nil },
		"relative source":      func(i *Info) { i.Sources = []string{"a"} },
		"unclean source":       func(i *Info) { i.Sources = []string{"/a/../b"} },
		"slash at the end":     func(i *Info) { i.Sources = []string{"/a/"} },
		"NUL in a source":      func(i *Info) { i.Sources = []string{"/a\x00"} },
		"source of 4097":       func(i *Info) { i.Sources = []string{"/" + strings.Repeat("a", 4096)} },
		"sources out of order": func(i *Info) { i.Sources = []string{"/b", "/a"} },
		"source twice":         func(i *Info) { i.Sources = []string{"/a", "/a"} },
		"empty tag":            func(i *Info) { i.Tags = []string{""} },
		"tag of 256":           func(i *Info) { i.Tags = []string{strings.Repeat("t", 256)} },
		"tag not UTF-8":        func(i *Info) { i.Tags = []string{"\xff"} },
		"tags out of order":    func(i *Info) { i.Tags = []string{"b", "a"} },
	} {
		t.Run(name, func(t *testing.T) {
			i := goodInfo()
			change(&i)
			if _, err := i.payload(); err == nil {
				t.Error("taken")
			}
		})
	}
	for name, ok := range map[string][]string{"source of 4096": {"/" + strings.Repeat("a", 4095)}, "the root": {"/"}} {
		i := goodInfo()
		i.Sources = ok
		if _, err := i.payload(); err != nil {
			t.Error(name, err)
		}
	}
}

func TestPayloadOfANewerVersion(t *testing.T) {
	good, err := goodInfo().payload()
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range map[int]byte{0: 2, 1: 2, 2: 1, 3: 2} {
		b := slices.Clone(good)
		b[i] = v
		if _, err := parsePayload(b); err == nil || !strings.Contains(err.Error(), "newer bakfs") {
			t.Errorf("byte %d = %d: %v", i, v, err)
		}
	}
	if _, err := parsePayload(append(good, 0)); err == nil {
		t.Error("a byte more is taken")
	}
}

// One entry that cannot be understood hides no other, and all come oldest first.
func TestListInfos(t *testing.T) {
	good, err := goodInfo().payload()
	if err != nil {
		t.Fatal(err)
	}
	infos, errs := listInfos([]journal.Entry{
		{Hash: seal.Hash{3}, Time: 30, Name: "pc", Payload: good},
		{Hash: seal.Hash{2}, Time: 20, Name: "pc", Payload: good[:9]},
		{Hash: seal.Hash{1}, Time: 10, Name: "phone", Payload: good},
	})
	if len(infos) != 2 || infos[0].ID != (seal.Hash{1}) || infos[0].DeviceName != "phone" || !infos[1].Time.Equal(time.Unix(0, 30)) {
		t.Errorf("%+v", infos)
	}
	if len(errs) != 1 || errs[0].Error() != "snapshot 02000000 of pc: ends too early" {
		t.Error(errs)
	}
}
