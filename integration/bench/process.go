package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A cost is what something took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // user and system
	peak int64         // most memory resident at one time, in bytes
}

// A command is one program to run.
type command struct {
	args []string
	env  []string // added to a small clean environment
	dir  string
}

// prepare makes the process of a command: in a group of its own, so that Ctrl-C
// reaches it through ctx only, after which its group is killed.
func (c command) prepare(ctx context.Context) (*exec.Cmd, *bytes.Buffer) {
	p := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8"}, c.env...)
	p.Dir = c.dir
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Cancel = func() error { return syscall.Kill(-p.Process.Pid, syscall.SIGKILL) }
	p.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	p.Stdout, p.Stderr = &said, &said
	return p, &said
}

// run runs a command to its end and tells what it took and said.
func (c command) run(ctx context.Context) (cost, string, error) {
	p, said := c.prepare(ctx)
	begin := time.Now()
	if err := p.Start(); err != nil {
		return cost{}, "", err
	}
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watchPeak(p.Process.Pid, stop) }()
	err := p.Wait()
	took := time.Since(begin)
	close(stop)
	k := cost{wall: took, cpu: p.ProcessState.UserTime() + p.ProcessState.SystemTime(), peak: <-peak}
	if err != nil {
		return k, said.String(), fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, tail(said.String()))
	}
	return k, said.String(), nil
}

// watchPeak looks at a process's VmHWM until it ends. getrusage is of no use: a
// child's maximum begins with that of its parent.
func watchPeak(pid int, stop <-chan struct{}) (peak int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, highWater(pid))
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// highWater is VmHWM of a process; 0 if it has none any more.
func highWater(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}

// cpuTime is the user and system time of a running process, in steps of 10 ms.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	i := bytes.LastIndexByte(b, ')') // the name before may hold anything
	fields := strings.Fields(string(b[i+1:]))
	if i < 0 || len(fields) < 13 {
		return 0
	}
	var ticks time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// tail is the end of what a program said.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}

// A dropper empties the kernel's caches.
type dropper struct {
	allowed bool
	how     string
}

func cacheDropper() dropper {
	if os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0) == nil {
		return dropper{true, "all caches of the kernel are dropped before it (`echo 3 > /proc/sys/vm/drop_caches`), and the mount is new"}
	}
	return dropper{false, "the mount is new; the caches of the kernel could not be dropped here, so packs may be in memory"}
}

// drop empties the caches if that is allowed, and lets nothing of earlier work
// still be on its way to the disk.
func (d dropper) drop() {
	syscall.Sync()
	if d.allowed {
		os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
	}
}

// errGone says that a process ended early.
var errGone = errors.New("the program ended before its mount was there")
