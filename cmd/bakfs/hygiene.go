package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"golang.org/x/sys/unix"
)

// harden is the first thing the process does: new files are for the owner only, a
// crash writes no memory to the disk, no other process of the user reads this one's
// memory, and a panic prints one goroutine. It refuses to run with borrowed rights.
func harden() error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return errors.New("bakfs must not be installed setuid or setgid")
	}
	syscall.Umask(0o077)
	debug.SetTraceback("single")
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	limitMemory()
	return nil
}

// memoryLimit is what the process should take, unless it needs more.
const memoryLimit = 128 << 20

// limitMemory keeps the collector ahead of the buffers of packs and chunks: they
// are most of the heap and live for moments, so a heap of twice the live data is
// more than the work needs. A user who sets GOGC or GOMEMLIMIT decides alone.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
		followHeap(memoryLimit)
	}
}

// limitFor is the limit for a heap with so many live bytes, at least least: with
// less room than a quarter the collector would run all the time.
func limitFor(live, least int64) int64 { return max(least, live+live/4+overhead) }

// overhead is what the runtime and idle buffers take beside the heap.
const overhead = 24 << 20

// followHeap raises the limit after a collection that left more than fits well,
// and lowers it again.
func followHeap(least int64) {
	runtime.AddCleanup(&collected{}, func(least int64) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		want := limitFor(int64(live[0].Value.Uint64()), least)
		if now := debug.SetMemoryLimit(-1); want > now || want < now-now/8 { // to set it stops the world for a moment
			debug.SetMemoryLimit(want)
		}
		followHeap(least)
	}, least)
}

// A collected is garbage as soon as it is made. It holds a pointer, so that it
// shares no memory with what lives longer.
type collected struct{ _ *int }
