package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestLimitLeavesRoomForTheLiveHeap(t *testing.T) {
	for live, want := range map[int64]int64{0: 128 << 20, 80 << 20: 128 << 20, 200 << 20: 274 << 20} {
		if got := limitFor(live, 128<<20); got != want {
			t.Errorf("%d MiB live: a limit of %d MiB", live>>20, got>>20)
		}
	}
}

// The limit follows what lives, in both directions, and never falls below the least.
func TestLimitFollowsTheHeap(t *testing.T) {
	const least = 40 << 20
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(least))
	followHeap(least)
	reaches := func(what string, fits func(limit int64) bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !fits(debug.SetMemoryLimit(-1)); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the limit is %d MiB", what, debug.SetMemoryLimit(-1)>>20)
			}
			runtime.GC()
		}
	}
	big := make([]byte, 100<<20)
	reaches("much lives", func(limit int64) bool { return limit >= limitFor(100<<20, least) })
	runtime.KeepAlive(big)
	big = nil
	reaches("little lives", func(limit int64) bool { return limit >= least && limit < 100<<20 })
}
