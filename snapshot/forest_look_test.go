package snapshot

import (
	"context"
	"errors"
	iofs "io/fs"
	"testing"
	"testing/synctest"
	"time"

	"bakfs/seal"
)

// A panic goes to the request that looks; who waits gets an error, and the next look works.
func TestPanicInALookHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		leave := make(chan struct{})
		w.l.refresh = func(context.Context) error { <-leave; panic("a bug in the journal") }
		met, waited := make(chan any, 1), make(chan error, 1)
		go func() {
			defer func() { met <- recover() }()
			w.f.Refresh(t.Context())
		}()
		synctest.Wait()
		go func() { waited <- w.f.Refresh(t.Context()) }()
		synctest.Wait()
		close(leave)
		if got := <-met; got != "a bug in the journal" {
			t.Errorf("the panic came as %v", got)
		}
		if err := <-waited; !errors.Is(err, errPanic) {
			t.Errorf("who waits gets %v", err)
		}
		w.l.refresh = nil
		w.snapshot("pc", "2026-05-30", "03:00", "/home", map[string]string{"home/a": "1"})
		w.same(w.names("snapshots"), "2026-05-30_0300_pc latest") // within the same second
	})
}

// counted adds a snapshot of that many bytes and files to the journal.
func (w *world) counted(device, day, sources string, bytes, files uint64) Info {
	i := w.snapshot(device, day, "03:00", sources, map[string]string{"a": "1"})
	i.Bytes, i.Files, i.Dirs, i.Others = bytes, files, 1, 1
	e := &w.l.news[len(w.l.news)-1]
	payload, err := i.payload()
	if err != nil {
		w.t.Fatal(err)
	}
	e.Payload = payload
	return i
}

// The mount's totals are those of the newest snapshots, and follow new ones.
func TestTotalsAreOfTheNewestSnapshots(t *testing.T) {
	w := newWorld(t)
	same := func(v iofs.FS, bytes, files uint64) {
		t.Helper()
		if b, f := v.(view).Totals(); b != bytes || f != files {
			t.Errorf("%d bytes in %d files, want %d in %d", b, f, bytes, files)
		}
	}
	same(w.f.FS(), 0, 0)
	w.later()
	w.counted("pc", "2026-05-01", "/home", 1, 10)
	w.counted("pc", "2026-05-02", "/etc", 20, 10)
	w.counted("tablet", "2026-05-02", "/home", 300, 10)
	one := w.counted("pc", "2026-05-03", "/home /srv", 4000, 10)
	same(w.f.FS(), 4320, 36)
	w.later()
	w.counted("pc", "2026-05-04", "/etc /home /srv", 50000, 0)
	same(w.f.FS(), 50300, 14)

	w.later()
	w.l.refresh = func(ctx context.Context) error { return ctx.Err() }
	ctx, stop := context.WithCancel(t.Context())
	stop()
	same(w.f.FS().(view).WithContext(ctx), 50300, 14)

	root := view{t.Context(), newTree(newNodes(w.m, 0), one, "snapshot").root()}
	same(root, 4000, 12)
	sub, err := iofs.Sub(w.f.FS(), "snapshots")
	if err != nil {
		t.Fatal(err)
	}
	same(sub, 0, 0)
}

// All of a journal's snapshots are gone through each time it changes, so that must be quick.
func BenchmarkNewState(b *testing.B) {
	infos := make([]Info, 10_000)
	for i := range infos {
		infos[i] = Info{ID: seal.Hash{byte(i), byte(i >> 8)}, Time: time.Unix(int64(i)*3600, 0), DeviceName: "pc", Sources: []string{"/etc", "/home/ann", "/srv"}}
	}
	for b.Loop() {
		newState(infos, time.UTC)
	}
}
