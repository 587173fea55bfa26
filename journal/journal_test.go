package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/seal"
	"bakfs/store"
)

// TestTwoDevicesInTurn: each names the other's newest entry, and a reader finds
// all in order.
func TestTwoDevicesInTurn(t *testing.T) {
	w := newWorld(t)
	devices := []*seal.Device{w.enrol("anna"), w.enrol("bert")}
	journals := []*Journal{w.open(), w.open()}
	var all []Entry
	for n := range 8 {
		kind, payload := Snapshot, []byte{byte(n)}
		if n < 2 {
			kind, payload = Enrol, nil
		}
		e, err := journals[n%2].Append(ctx, devices[n%2], kind, payload, noon.Add(time.Duration(n)*time.Second))
		must(t, err)
		if e.Seq != uint64(n/2) || e.Device != devices[n%2].ID || e.Name != devices[n%2].Certificate().Name {
			t.Fatalf("entry %d is %+v", n, e)
		}
		if n >= 1 {
			other := all[n-1]
			want := []Seen{{other.Device, other.Seq, other.Hash}}
			if !reflect.DeepEqual(e.Seen, want) {
				t.Fatalf("entry %d has seen %v, want %v", n, e.Seen, want)
			}
		}
		if n >= 2 && e.Prev != all[n-2].Hash {
			t.Fatalf("entry %d follows %v", n, e.Prev)
		}
		all = append(all, e)
	}
	j := w.open()
	clean(t, j)
	got := j.Entries(0)
	for i := range got {
		if len(got[i].Payload) == 0 {
			got[i].Payload = nil
		}
	}
	if !reflect.DeepEqual(got, all) {
		t.Errorf("read\n%+v\nwritten\n%+v", got, all)
	}
	if n := len(j.Entries(Snapshot)); n != 6 {
		t.Errorf("%d snapshots", n)
	}
	logs := j.Devices()
	if len(logs) != 2 || logs[0].N != 4 || logs[0].Last.Seq != 3 || logs[0].Device == logs[1].Device || logs[0].Name == logs[1].Name {
		t.Errorf("devices %+v", logs)
	}
}

func TestFilesAreReadOnce(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	writer, j := w.open(), w.open()
	w.append(writer, anna, Enrol, nil)
	reads := counted(j)
	for n := range 5 {
		w.append(writer, anna, Heartbeat, nil)
		clean(t, j)
		clean(t, j)
		if len(j.Entries(0)) != n+2 {
			t.Fatalf("%d entries", len(j.Entries(0)))
		}
	}
	if len(*reads) != 6 {
		t.Errorf("%d reads of 6 files: %v", len(*reads), *reads)
	}
}

// counted notes the names of the files that j reads.
func counted(j *Journal) *[]string {
	var mu sync.Mutex
	var names []string
	read := j.read
	j.read = func(name string) ([]byte, error) {
		mu.Lock()
		names = append(names, name)
		mu.Unlock()
		return read(name)
	}
	return &names
}

// A fuse is a context that is cancelled when it has been asked n times.
type fuse struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func newFuse(n int) *fuse {
	return &fuse{Context: context.Background(), left: n, done: make(chan struct{})}
}

func (f *fuse) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left > 0 {
		f.left--
		return nil
	}
	select {
	case <-f.done:
	default:
		close(f.done)
	}
	return context.Canceled
}

func (f *fuse) Done() <-chan struct{} { return f.done }

// TestCancelledAtEveryMoment: whenever a Refresh is interrupted, what was shown
// stays, what was read is not read again, and the next one sees all.
func TestCancelledAtEveryMoment(t *testing.T) {
	w := newWorld(t)
	writer := w.open()
	anna, bert := w.enrol("anna"), w.enrol("bert")
	for _, d := range []*seal.Device{anna, bert} {
		w.append(writer, d, Enrol, nil)
	}
	for range 4 {
		w.append(writer, anna, Heartbeat, nil)
		w.append(writer, bert, Heartbeat, nil)
	}
	interrupted := 0
	for n := 0; ; n++ {
		j := w.open()
		reads := counted(j)
		_, err := j.Refresh(newFuse(n))
		if err == nil {
			break
		}
		interrupted++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d: %v", n, err)
		}
		if len(j.Entries(0)) != 0 || len(j.Devices()) != 0 {
			t.Fatalf("after %d: half a state is shown", n)
		}
		clean(t, j)
		if got := j.Entries(0); len(got) != 10 || len(*reads) != 10 {
			t.Fatalf("after %d: %d entries, %d reads", n, len(got), len(*reads))
		}
		for _, e := range j.Entries(0) {
			if e.Kind == 0 || e.Hash == (seal.Hash{}) {
				t.Fatalf("after %d: an empty entry", n)
			}
		}
	}
	if interrupted < 20 {
		t.Errorf("interrupted at %d moments only", interrupted)
	}
}

// TestAppendCancelledAtEveryMoment: an interrupted Append has written nothing.
func TestAppendCancelledAtEveryMoment(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	w.append(w.open(), anna, Enrol, nil)
	for n := 0; ; n++ {
		_, err := w.open().Append(newFuse(n), anna, Heartbeat, nil, noon)
		files, e := os.ReadDir(w.log(anna))
		must(t, e)
		if err == nil {
			if n < 5 || len(files) != 2 {
				t.Errorf("after %d: %d files", n, len(files))
			}
			return
		}
		if !errors.Is(err, context.Canceled) || len(files) != 1 {
			t.Fatalf("after %d: %v, %d files", n, err, len(files))
		}
	}
}

// TestAllAtOnce is for the race detector, and for entries that must not be lost.
func TestAllAtOnce(t *testing.T) {
	w := newWorld(t)
	j := w.open()
	j.SetMarks(filepath.Join(t.TempDir(), "marks"))
	anna, bert := w.enrol("anna"), w.enrol("bert")
	w.append(j, anna, Enrol, nil)
	w.append(j, bert, Enrol, nil)
	var all sync.WaitGroup
	for _, d := range []*seal.Device{anna, bert} {
		all.Go(func() {
			for range 8 {
				if _, err := j.Append(ctx, d, Heartbeat, nil, noon); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		all.Go(func() {
			for range 8 {
				if _, err := j.Refresh(ctx); err != nil {
					t.Error(err)
				}
				for _, e := range j.Entries(0) {
					if e.Kind == 0 {
						t.Error("an empty entry")
					}
				}
				j.Devices()
				j.Foreign()
			}
		})
	}
	all.Wait()
	clean(t, j)
	if n := len(j.Entries(0)); n != 18 {
		t.Errorf("%d entries", n)
	}
	fresh := w.open()
	clean(t, fresh)
	if n := len(fresh.Entries(0)); n != 18 {
		t.Errorf("%d entries on the disk", n)
	}
}

func TestWrongKey(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	j := w.open()
	for _, k := range []Kind{Enrol, Heartbeat} {
		w.append(j, anna, k, nil)
	}
	f, err := store.OpenFolder(w.dir)
	must(t, err)
	defer f.Close()
	wrong := Open(f, seal.DeriveRoot(seal.NewRecoveryKey(), w.repo).Keys())
	for range 2 { // also when nothing is read again
		if _, err := wrong.Refresh(ctx); !errors.Is(err, seal.ErrKey) {
			t.Errorf("wrong key: %v", err)
		}
	}
	if _, err := wrong.Append(ctx, anna, Heartbeat, nil, noon); !errors.Is(err, seal.ErrKey) {
		t.Errorf("append with the wrong key: %v", err)
	}
}

// TestUnreadableForNow: a file whose content is elsewhere has not vanished, and
// is read when it comes.
func TestUnreadableForNow(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	j := w.open()
	w.append(j, anna, Enrol, nil)
	e := w.append(j, anna, Heartbeat, nil)
	path := w.path(e)
	placeholder := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".icloud")
	must(t, os.Rename(path, placeholder))
	clean(t, j) // it was read before
	fresh := w.open()
	p := refresh(t, fresh)
	if len(p) != 1 || !errors.Is(p[0].Err, store.ErrOffline) || !strings.HasSuffix(path, p[0].Name) {
		t.Errorf("problems %v", p)
	}
	if _, err := fresh.Append(ctx, anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
		t.Errorf("append behind an unreadable entry: %v", err)
	}
	must(t, os.Rename(placeholder, path))
	clean(t, fresh)
	if len(fresh.Entries(0)) != 2 {
		t.Error("the entry that came is not listed")
	}
}
