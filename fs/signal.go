package fs

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Reads into the kernel's cache are not interruptible: the kernel sends them in
// the background and its reader waits for anything but a deadly signal. A program
// that handles Ctrl-C itself could not be stopped while the cloud folder is slow.
// So the thread of a slow read is watched for a signal that it has not got yet;
// if there is one, the read is cancelled. The kernel then asks again, now in the
// foreground, and can tell of the signal itself. Where /proc does not show the thread
// (see the package comment) the read goes on to its end.

// hasSignal says whether a thread waits in a read while a signal waits for it.
// A thread that touches mapped memory is left alone: it would be killed.
func hasSignal(thread int) bool {
	call, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", thread))
	if err != nil {
		return false
	}
	number, _, _ := bytes.Cut(call, []byte(" "))
	switch n, err := strconv.Atoi(string(number)); {
	case err != nil:
		return false
	case n != unix.SYS_READ && n != unix.SYS_PREAD64 && n != unix.SYS_READV && n != unix.SYS_PREADV && n != unix.SYS_PREADV2:
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	return err == nil && pending(status)
}

// pending reads /proc/<thread>/status: is there a signal, to the thread or to
// its process, that the thread does not block?
func pending(status []byte) bool {
	mask := func(field string) uint64 {
		_, after, _ := bytes.Cut(status, []byte("\n"+field+":\t"))
		line, _, _ := bytes.Cut(after, []byte("\n"))
		m, _ := strconv.ParseUint(string(line), 16, 64)
		return m
	}
	return (mask("SigPnd")|mask("ShdPnd"))&^mask("SigBlk") != 0
}
