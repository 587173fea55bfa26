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
		if rapid.Bool().Draw(t, "signal") {
			i.Kind, i.End = Signal, i.Start
		}
		i.Incomplete = rapid.Bool().Draw(t, "incomplete")
		i.Bytes, i.NotRead = rapid.Uint64().Draw(t, "bytes"), rapid.Uint64().Draw(t, "not read")
		i.Sources = nil
		for _, name := range rapid.SliceOfNDistinct(rapid.Custom(drawName), 1, 5, rapid.ID[string]).Draw(t, "sources") {
			i.Sources = append(i.Sources, "/"+name)
		}
		slices.Sort(i.Sources)
		if i.Kind == Signal {
			i.Sources = []string{"/signal" + i.Sources[0]}
		}
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
	for i, v := range map[int]byte{0: 2, 1: 3, 2: 1, 3: 2} {
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

func signalInfo() Info {
	i := goodInfo()
	i.Kind, i.Sources, i.End = Signal, []string{"/signal/me"}, i.Start
	return i
}

// A Signal backup has one source and one date.
func TestPayloadOfASignalBackup(t *testing.T) {
	good, err := signalInfo().payload()
	if err != nil || good[1] != 2 {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Info){
		"two sources":     func(i *Info) { i.Sources = []string{"/signal/a", "/signal/b"} },
		"another folder":  func(i *Info) { i.Sources = []string{"/home/me"} },
		"the folder":      func(i *Info) { i.Sources = []string{"/signal"} },
		"a folder below":  func(i *Info) { i.Sources = []string{"/signal/me/a"} },
		"name of 256":     func(i *Info) { i.Sources = []string{"/signal/" + strings.Repeat("a", 256)} },
		"two dates":       func(i *Info) { i.End = i.Start.Add(1) },
		"an unknown kind": func(i *Info) { i.Kind = 2 },
	} {
		i := signalInfo()
		change(&i)
		if _, err := i.payload(); err == nil {
			t.Error(name, "is taken")
		}
	}
	for name, at := range map[string]int{"start": 4 + 7, "end": 12 + 7} {
		b := slices.Clone(good)
		b[at]++
		if _, err := parsePayload(b); err == nil {
			t.Error("another", name, "is read")
		}
	}
}

// A Signal backup stands at its own date, so that an old one is not the latest, and never after it was stored.
func TestDateOfASignalBackup(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 5, n, 3, 0, 0, 0, time.UTC) }
	var entries []journal.Entry
	enter := func(id byte, entered int, i Info, start int) {
		i.Start = day(start)
		if i.End = day(start); i.Kind == Files {
			i.End = day(entered)
		}
		payload, err := i.payload()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, journal.Entry{Hash: seal.Hash{id}, Time: day(entered).UnixNano(), Name: "pc", Payload: payload})
	}
	enter(1, 10, goodInfo(), 10)
	enter(2, 20, goodInfo(), 20)
	before, _ := listInfos(entries)
	names := Names(before, time.UTC)
	enter(3, 25, signalInfo(), 10) // as old as the first files
	enter(4, 25, signalInfo(), 2)
	enter(5, 15, signalInfo(), 31) // the phone's clock was wrong
	infos, errs := listInfos(entries)
	var order []byte
	for _, i := range infos {
		order = append(order, i.ID[0])
	}
	if string(order) != "\x04\x01\x03\x05\x02" || len(errs) != 0 {
		t.Errorf("%v, %v", order, errs)
	}
	got := Names(infos, time.UTC)
	want := []string{"2026-05-02_0300_pc", names[0], "2026-05-10_0300-2_pc", "2026-05-15_0300_pc", names[1]}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	now := day(26)
	for spec, want := range map[string]byte{"latest": 2, "latest~1": 5, "2026-05-02": 4, "2026-05-10_0300-2_pc": 3, "2026-05-20": 2} {
		if i, err := Find(infos, spec, now); err != nil || i.ID[0] != want {
			t.Errorf("%s: %v, %v", spec, i.ID[0], err)
		}
	}
	for _, spec := range []string{"2026-05-25", "2026-05-31"} {
		if i, err := Find(infos, spec, now); err == nil {
			t.Error(spec, "finds", i.ID)
		}
	}
}

// A snapshot that comes later with a date of before takes no other's name, whatever it sorts before.
func TestNamesStay(t *testing.T) {
	date := time.Date(2026, 5, 31, 3, 0, 30, 0, time.UTC)
	old := Info{ID: seal.Hash{1}, Time: date, DeviceName: "pc"}
	late := Info{ID: seal.Hash{2}, Time: date.AddDate(0, 0, 1), DeviceName: "pc", Kind: Signal, Start: date.Add(-10 * time.Second)}
	if got := Names([]Info{late, old}, time.UTC); !slices.Equal(got, []string{"2026-05-31_0300-2_pc", "2026-05-31_0300_pc"}) {
		t.Errorf("%q", got)
	}
}
