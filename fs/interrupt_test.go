package fs

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waiting is a hook that says that it has begun and stays until its context ends.
func waiting() (hook func(context.Context) error, began, ended chan bool) {
	began, ended = make(chan bool, 16), make(chan bool, 16)
	return func(ctx context.Context) error {
		began <- true
		<-ctx.Done()
		ended <- true
		return ctx.Err()
	}, began, ended
}

// interrupted calls f and sends its thread signals from when began says so.
func interrupted(began chan bool, f func() error) error {
	got := make(chan os.Signal, 100)
	signal.Notify(got, syscall.SIGUSR1)
	defer signal.Stop(got)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := unix.Gettid()
	done, sent := make(chan bool), make(chan error)
	go func() {
		<-began
		for { // again and again, in case it came before the system call waited
			if err := unix.Tgkill(os.Getpid(), thread, unix.SIGUSR1); err != nil {
				sent <- err
				return
			}
			select {
			case <-done:
				sent <- nil
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	err := f()
	close(done)
	if e := <-sent; e != nil {
		return e
	}
	return err
}

// A signal cancels the context the tree was given, and the system call is EINTR,
// both for what the kernel asks in the foreground (with O_DIRECT) and for what
// it reads into its cache.
func TestSignalIsEINTR(t *testing.T) {
	wait, began, ended := waiting()
	slow := file(string(random(5 << 20)))
	slow.read = func(ctx context.Context, _ []byte, _ int64) (int, error) { return 0, wait(ctx) }
	lookup := file("")
	lookup.look = wait
	at, _ := mount(t, tree(dir(items{"slow": slow, "lookup": lookup})), Options{})
	read := func(flags int) func() error {
		fd, err := unix.Open(at+"/slow", unix.O_RDONLY|flags, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return func() error { _, err := unix.Pread(fd, make([]byte, 4096), 1<<20); return err }
	}
	for what, call := range map[string]func() error{
		"direct read": read(unix.O_DIRECT),
		"read":        read(0),
		"lookup":      func() error { return unix.Lstat(at+"/lookup", new(unix.Stat_t)) },
	} {
		for range 3 {
			if err := interrupted(began, call); err != unix.EINTR {
				t.Errorf("%s: %v", what, err)
			}
			for n := len(ended); n > 0; n-- { // the kernel may have asked more than once
				<-ended
			}
			for n := len(began); n > 0; n-- {
				<-began
			}
		}
	}
}

// Ctrl-C ends a program that waits for a slow read: dd, which handles the signal,
// and cat, which does not.
func TestInterruptEndsAReader(t *testing.T) {
	wait, began, _ := waiting()
	slow := file("slow")
	slow.read = func(ctx context.Context, _ []byte, _ int64) (int, error) { return 0, wait(ctx) }
	at, _ := mount(t, tree(dir(items{"slow": slow})), Options{})
	for _, command := range []string{"dd if=" + at + "/slow of=/dev/null", "cat " + at + "/slow"} {
		c := exec.Command("sh", "-c", "exec "+command)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		<-began
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		if ws, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGINT {
			t.Errorf("%s ended with %v", command, c.ProcessState)
		}
		for n := len(began); n > 0; n-- {
			<-began
		}
	}
}

func TestPendingSignals(t *testing.T) {
	status := func(thread, process, blocked string) []byte {
		return []byte("Name:\tx\nSigQ:\t0/9\nSigPnd:\t" + thread + "\nShdPnd:\t" + process + "\nSigBlk:\t" + blocked + "\nSigIgn:\t0\n")
	}
	const none, usr1, int2 = "0000000000000000", "0000000000000200", "0000000000000002"
	for _, c := range []struct {
		status []byte
		want   bool
	}{
		{status(none, none, none), false}, {status(usr1, none, none), true}, {status(none, int2, none), true},
		{status(usr1, none, usr1), false}, {status(usr1, int2, usr1), true}, {nil, false}, {[]byte("SigPnd"), false},
	} {
		if got := pending(c.status); got != c.want {
			t.Errorf("%q: %v", c.status, got)
		}
	}
	if hasSignal(1<<30) || hasSignal(os.Getpid()) {
		t.Error("a signal for who does not read")
	}
}
