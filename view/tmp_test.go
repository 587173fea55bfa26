package view

import (
	iofs "io/fs"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"testing"
	"time"

	"bakfs/view/history"
)

func TestTmpProfile(t *testing.T) {
	s := set{dir: "/tmp/V/mid"}
	b := s.store(t, "SignalBackups", "recovery-key.txt")
	debug.SetGCPercent(50)
	debug.FreeOSMemory()
	fsys := Account(history.New(b, history.Options{Zone: berlin}), Options{Zone: berlin})
	f, _ := os.Create("/tmp/V/tmp.prof")
	pprof.StartCPUProfile(f)
	start := time.Now()
	var r0, r1 syscall.Rusage
	syscall.Getrusage(0, &r0)
	n := 0
	iofs.WalkDir(fsys, "text", func(p string, d iofs.DirEntry, err error) error {
		if d.Type().IsRegular() {
			b, err := iofs.ReadFile(fsys, p)
			if err != nil {
				t.Error(err)
			}
			n += len(b)
		}
		return nil
	})
	syscall.Getrusage(0, &r1)
	pprof.StopCPUProfile()
	f.Close()
	t.Logf("%d bytes in %v, cpu %v", n, time.Since(start), time.Duration(r1.Utime.Nano()-r0.Utime.Nano()+r1.Stime.Nano()-r0.Stime.Nano()))
}
