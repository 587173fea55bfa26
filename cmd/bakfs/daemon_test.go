package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// child runs this test binary as bakfs; what it is asked to do ends before a mount.
func child(t *testing.T, ctx context.Context, secret []byte, args ...string) (verdict, error) {
	t.Helper()
	t.Setenv("BAKFS_STATE_DIR", t.TempDir())
	t.Setenv("BAKFS_CACHE_DIR", t.TempDir())
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	return startChild(ctx, args, secret, null)
}

func TestChildReportsWhatWentWrong(t *testing.T) {
	dir := t.TempDir()
	said, err := child(t, t.Context(), nil, "mount", "--serve-for-parent", "--repo="+dir+"/no\x1b\xffwhere", "--", dir)
	if err != nil || said.Ready || said.Code != exitNoRepository || !bytes.Contains(said.Error, []byte("no\x1b\xffwhere")) || len(said.Hints) == 0 {
		t.Errorf("%+v, %v", said, err)
	}
	said, err = child(t, t.Context(), []byte("not a key"), "mount", "--serve-for-parent", "--repo="+dir, "--", dir)
	if err != nil || said.Code != exitWrongKey {
		t.Errorf("%+v, %v", said, err)
	}
}

func TestChildThatDiesIsAnError(t *testing.T) {
	_, err := child(t, t.Context(), nil, "version") // ends well, and says nothing
	if exitCode(err) != exitError || !strings.Contains(err.Error(), "ended before it was ready (exit status 0)") {
		t.Errorf("%v", err)
	}
	_, err = child(t, t.Context(), nil, "frobnicate")
	if exitCode(err) != exitError || !strings.Contains(err.Error(), "ended before it was ready (exit status 2)") {
		t.Errorf("%v", err)
	}
}

func TestVerdicts(t *testing.T) {
	for text, good := range map[string]bool{
		`{"ready":true}`:             true,
		`{"code":12,"error":"a2V5"}`: true,
		``:                           false,
		`{}`:                         false,
		`{"ready":`:                  false,
		`panic: x`:                   false,
	} {
		if _, err := readVerdict(strings.NewReader(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestChildEnvironment(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got := childEnvironment([]string{"A=b", "BAKFS_KEY_FILE=k", "BAKFS_KEY_COMMAND=c", "BAKFS_CACHE_DIR=x", "BAKFS_STATE_DIR=/y", "BAKFS_CACHE_DIR=", "odd"})
	want := []string{"A=b", "BAKFS_CACHE_DIR=" + here + "/x", "BAKFS_STATE_DIR=/y", "BAKFS_CACHE_DIR=", "odd"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A command that is interrupted says so, whatever its child says, and has waited for it.
func TestChildEndsWithTheParent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := child(t, ctx, nil, "mount", "--serve-for-parent", "--repo=/nowhere", "--", "/nowhere"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
