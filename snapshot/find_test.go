package snapshot

import (
	"errors"
	iofs "io/fs"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
)

var berlin = time.FixedZone("CEST", 2*3600)

func at(day, clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, berlin)
	if err != nil {
		panic(err)
	}
	return t
}

func taken(first, second byte, device, day, clock string) Info {
	return Info{ID: seal.Hash{first, second}, Device: seal.DeviceID{device[0]}, DeviceName: device, Time: at(day, clock), Sources: []string{"/home"}}
}

func TestFind(t *testing.T) {
	now := at("2026-05-31", "12:00")
	infos := []Info{
		taken(0x12, 0x3d, "pc", "2026-04-01", "03:00"),
		taken(0xab, 0xcd, "pc", "2026-05-28", "00:00"),
		taken(0xab, 0xce, "pc", "2026-05-29", "23:59"),
		taken(0xaa, 0x01, "pc", "2026-05-30", "03:00"),
		taken(0xaa, 0x02, "pc", "2026-05-30", "03:00"),
		taken(0xaa, 0x03, "phone", "2026-05-31", "09:30"),
	}
	const none, several = "does not exist", "snapshots match"
	for spec, want := range map[string]any{
		"latest": 5, "latest~0": 5, "latest~2": 3, "latest~5": 0, "latest~6": none, "latest~": "neither", "latest~-1": "neither", "latest2": "neither",
		"123d": 0, "abcd": 1, "ABCD": 1, "abce": 2, "abc": "at least 4", "ab": "at least 4", "": "neither", "ffff": none, "aa01": 3, "aa0100000000": 3,
		infos[2].ID.String(): 2, infos[2].ID.String() + "0": none, "xyzw": "neither",
		"2026-04": 0, "2026-05": several, "2026-03": none, "2026-05-28": 1, "2026-05-29": 2, "2026-05-30": several, "2026-05-27": none,
		"2026-05-31_0930": 5, "2026-05-31_0931": none, "2026-05-30_0300": several, "2026-13": "neither", "2026-02-30": "neither",
		"today": 5, "yesterday": several, "2d": 2, "3d": 1, "4d": none, "0d": 5, "d": "at least 4", "-1d": "neither", "60d": 0,
		"2026-05-30_0300_pc": 3, "2026-05-30_0300-2_pc": 4, "2026-05-30_0300_phone": "neither",
	} {
		got, err := Find(infos, spec, now)
		switch w := want.(type) {
		case int:
			if err != nil || got.ID != infos[w].ID {
				t.Errorf("%q: %x, %v", spec, got.ID[:2], err)
			}
		case string:
			if err == nil || !strings.Contains(err.Error(), w) || errors.Is(err, iofs.ErrNotExist) && strings.Contains(err.Error(), "match") {
				t.Errorf("%q: %x, %v; want %q", spec, got.ID[:2], err, w)
			}
		}
	}
	_, err := Find(infos, "2026-05-30", now)
	if want := `snapshot "2026-05-30": 2 snapshots match: aa020000 (2026-05-30_0300-2_pc), aa010000 (2026-05-30_0300_pc)`; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if _, err = Find(nil, "latest", now); !errors.Is(err, iofs.ErrNotExist) {
		t.Error(err)
	}
}

// "123d" may be a time and an id: it is found only if one snapshot is meant by either.
func TestFindReadsBothWays(t *testing.T) {
	now := at("2026-05-31", "12:00")
	byID := taken(0x12, 0x3d, "pc", "2026-05-01", "03:00")
	byTime := taken(0x99, 0x99, "pc", now.AddDate(0, 0, -123).Format("2006-01-02"), "03:00")
	for _, test := range []struct {
		infos []Info
		want  int
	}{{[]Info{byID}, 0}, {[]Info{byTime}, 0}, {[]Info{byTime, byID}, -1}} {
		got, err := Find(test.infos, "123d", now)
		if test.want < 0 != (err != nil) || err == nil && got.ID != test.infos[0].ID {
			t.Errorf("%x, %v", got.ID[:2], err)
		}
	}
}

// Days are those of the place: 23:30 UTC is the next day in Berlin.
func TestFindKnowsTheZone(t *testing.T) {
	i := Info{ID: seal.Hash{1}, Time: time.Date(2026, 5, 30, 23, 30, 0, 0, time.UTC)}
	if _, err := Find([]Info{i}, "2026-05-31", at("2026-06-05", "00:00")); err != nil {
		t.Error(err)
	}
	if _, err := Find([]Info{i}, "2026-05-31", time.Date(2026, 6, 5, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("found on another day")
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"latest", "latest~3", "2026-05", "2026-05-31_0300", "3d", "abcd", "yesterday", "99999999999d", "latest~99999999999999999999"} {
		f.Add(s)
	}
	infos := []Info{taken(1, 2, "pc", "2026-05-01", "03:00"), taken(3, 4, "pc", "2026-05-02", "03:00")}
	f.Fuzz(func(t *testing.T, spec string) {
		got, err := Find(infos, spec, at("2026-05-03", "12:00"))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "snapshot ") {
				t.Errorf("%v does not name what was asked", err)
			}
			return
		}
		again, err := Find(infos, got.ID.String(), time.Now())
		if err != nil || again.ID != got.ID {
			t.Errorf("%q found what is not there: %v", spec, err)
		}
	})
}
