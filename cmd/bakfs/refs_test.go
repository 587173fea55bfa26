package main

import (
	"path"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
	"bakfs/snapshot"
)

func TestParseRef(t *testing.T) {
	for s, want := range map[string]ref{
		"latest":             {"latest", "/"},
		"latest:":            {"latest", "/"},
		"latest:/":           {"latest", "/"},
		"latest~2:/a/b":      {"latest~2", "/a/b"},
		"4f1c:/a//b/../c/":   {"4f1c", "/a/c"},
		"x:/a:b":             {"x", "/a:b"},
		"x:/../..":           {"x", "/"},
		"x:/\xff\n":          {"x", "/\xff\n"},
		"2026-05-31_0300:/a": {"2026-05-31_0300", "/a"},
	} {
		if got, err := parseRef(s); err != nil || got != want {
			t.Errorf("parseRef(%q) = %+v, %v", s, got, err)
		}
	}
	for _, bad := range []string{"", ":", ":/a", "latest:a", "latest:./a", "latest:~", "x:/a\x00"} {
		if got, err := parseRef(bad); exitCode(err) != exitUsage {
			t.Errorf("parseRef(%q) = %+v, %v", bad, got, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"", "latest:/a", "a:b:c", ":/", "x:/../a/./b//", "\xff:/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRef(s)
		if err != nil {
			return
		}
		if r.snap == "" || strings.Contains(r.snap, ":") || r.path[0] != '/' || path.Clean(r.path) != r.path {
			t.Fatalf("%q gives %+v", s, r)
		}
		if again, err := parseRef(r.snap + ":" + r.path); err != nil || again != r {
			t.Fatalf("%+v reads back as %+v, %v", r, again, err)
		}
		if n := r.name(); n == "" || n[0] == '/' || strings.HasPrefix(n, "../") {
			t.Fatalf("%+v has the name %q", r, n)
		}
	})
}

func TestResolve(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	infos := []snapshot.Info{
		{ID: seal.Hash{0xaa, 0xbb, 1}, DeviceName: "laptop", Device: seal.DeviceID{1}, Time: at("2026-04-30 23:59")},
		{ID: seal.Hash{0xaa, 0xbb, 2}, DeviceName: "laptop", Device: seal.DeviceID{1}, Time: at("2026-05-31 03:00")},
		{ID: seal.Hash{0xcc, 0xdd, 3}, DeviceName: "desk top", Device: seal.DeviceID{2}, Time: at("2026-05-31 04:00")},
		{ID: seal.Hash{0xee, 0xff, 4}, DeviceName: "laptop", Device: seal.DeviceID{1}, Time: at("2026-06-02 17:00")},
		{ID: seal.Hash{0xee, 0xff, 5}, DeviceName: "laptop", Device: seal.DeviceID{1}, Time: at("2026-06-02 17:00").Add(30 * time.Second)},
		{ID: seal.Hash{0xee, 0xff, 6}, DeviceName: "laptop", Device: seal.DeviceID{1}, Time: at("2026-06-03 17:00")},
	}
	now := at("2026-06-04 12:00")
	for snap, want := range map[string]int{
		"latest": 5, "latest~0": 5, "latest~3": 2, "latest~5": 0, "yesterday": 5, "1d": 5, "35d": 0, "2026-06-02_1700_laptop": 3, "2026-06-02_1700-2_laptop": 4,
		"ccdd": 2, "CCDD": 2, "aabb01": 0, infos[1].ID.String(): 1,
		"2026-04": 0, "2026-04-30": 0, "2026-05-31_0300": 1, "2026-05-31_0300_laptop": 1, "2026-05-31_0400_desk-top": 2,
	} {
		if got, err := resolve(infos, snap, now); err != nil || got.ID != infos[want].ID {
			t.Errorf("%s: %v, %v", snap, got.ID, err)
		}
	}
	for _, bad := range []string{"latest~6", "latest~", "today", "2d", "2026-06-02_1700", "2026-06-02_1701", "latest~-1", "latest~99999999999", "latest2", "ccd", "aabb", "2026-05-31", "2026-05", "2026", "2026-05-31_0500", "", "2026-05-31_0300_"} {
		if got, err := resolve(infos, bad, now); exitCode(err) != exitError || len(hints(err)) == 0 {
			t.Errorf("%q: %v, %v", bad, got.ID, err)
		}
	}
	_, err := resolve(infos, "2026-06-02_1700", now)
	if err == nil || err.Error() != "2026-06-02_1700 means 2 snapshots" || !strings.Contains(hints(err)[0], "eeff0500 of ") {
		t.Errorf("two of one minute: %v, %q", err, hints(err))
	}
	if _, err := resolve(nil, "latest", now); err == nil {
		t.Error("latest of nothing")
	}
}
