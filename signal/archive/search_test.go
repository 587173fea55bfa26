package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// found are the items below dir that Search returns for a path in it.
func found(t *testing.T, dir, path string, skip func(string) bool) (list []string, err error) {
	t.Helper()
	all, err := Search(filepath.Join(dir, path), skip)
	for _, s := range all {
		for _, item := range s.Items {
			name, err := filepath.Rel(dir, filepath.Join(s.Path, item.Name))
			if err != nil {
				t.Fatal(err)
			}
			if item.Err != nil {
				name += ": " + item.Err.Error()
			}
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list, err
}

func TestSearchFindsWhatAPhoneHas(t *testing.T) {
	const legacyName, snapshot = "signal-2026-01-01-00-00-00.backup", "signal-backup-2026-01-02-03-04-05"
	legacyFile, folder := readFile(t, vectors(t, "legacy-v1.backup")), vectors(t, "v2/SignalBackups")
	dir := t.TempDir()
	for _, at := range []string{"a/Documents/Signal/SignalBackups", "b/SignalBackups", "c/x/renamed", "c/x/y/not so deep", "d/x/y/z/SignalBackups", "e/.trash/SignalBackups", "f/skip/SignalBackups"} {
		copyFolder(t, folder, filepath.Join(dir, at))
	}
	for _, at := range []string{"a/Signal/Backups/", "a/Signal/Backups/old/", "b/Signal/Backups/", "c/", "d/x/y/", "d/x/y/w/", "e/x/"} {
		writeFile(t, filepath.Join(dir, at, legacyName), legacyFile)
	}
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "e", "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"a":                              {"a/Documents/Signal/SignalBackups/" + snapshot, "a/Signal/Backups/" + legacyName},
		"a/Documents":                    {"a/Documents/Signal/SignalBackups/" + snapshot},
		"a/Documents/Signal":             {"a/Documents/Signal/SignalBackups/" + snapshot},
		"a/Signal":                       {"a/Signal/Backups/" + legacyName},
		"a/Signal/Backups":               {"a/Signal/Backups/" + legacyName},
		"b":                              {"b/Signal/Backups/" + legacyName, "b/SignalBackups/" + snapshot},
		"b/SignalBackups":                {"b/SignalBackups/" + snapshot},
		"b/SignalBackups/files":          nil,
		"c":                              {"c/" + legacyName}, // it is the folder that is meant
		"c/x":                            {"c/x/renamed/" + snapshot, "c/x/y/not so deep/" + snapshot},
		"d":                              {"d/x/y/" + legacyName},
		"d/x":                            {"d/x/y/" + legacyName},
		"d/x/y/z":                        {"d/x/y/z/SignalBackups/" + snapshot},
		"e":                              {"e/x/" + legacyName},
		"f":                              nil,
		"a/Signal/Backups/nowhere":       nil,
		"b/SignalBackups/" + snapshot:    {"b/SignalBackups/" + snapshot},
		"a/Signal/Backups/" + legacyName: {"a/Signal/Backups/" + legacyName},
	} {
		got, err := found(t, dir, path, func(sub string) bool { return filepath.Base(sub) == "skip" && path == "f" })
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
}

func TestSearchSaysWhatItDidNotLookInto(t *testing.T) {
	dir := t.TempDir()
	for i := range searchFolders {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, err := found(t, dir, "", nil)
	if !errors.Is(err, ErrNoBackup) || !errors.Is(err, ErrTooMany) || !strings.Contains(err.Error(), "main.jsonl here, nor in 1999 folders below: ") {
		t.Error(err)
	}
	writeFile(t, filepath.Join(dir, "0", "signal-2026-01-01-00-00-00.backup"), nil)
	got, err := found(t, dir, "", nil)
	if err != nil || len(got) != 2 || !strings.HasSuffix(got[0], ErrTooMany.Error()) {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.Remove(filepath.Join(dir, "1")); err != nil { // with path itself, as many as are looked into
		t.Fatal(err)
	}
	if got, err = found(t, dir, "", nil); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}
