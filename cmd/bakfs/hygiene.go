package main

import (
	"errors"
	"os"
	"runtime/debug"
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

// limitMemory keeps the collector ahead of the buffers of packs and chunks: they
// are most of the heap and live for moments, so a heap of twice the live data is
// more than the work needs. A user who sets GOGC or GOMEMLIMIT decides alone.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(128 << 20)
	}
}
