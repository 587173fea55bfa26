package view

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// row is a folder of n files, and counts how often each was rendered.
func row(c *Cache, n int, weight int64) (*tree, []atomic.Int32) {
	counts := make([]atomic.Int32, n)
	all := make([]child, n)
	for i := range all {
		name := fmt.Sprintf("%03d.txt", i)
		all[i] = child{name, &generated{
			cache: c, version: fixedVersion(newKey(name)), place: newKey(name), parts: 1, links: 1, weight: weight,
			render: func(ctx context.Context, _ int, _ []byte) (renderedPart, error) {
				counts[i].Add(1)
				return renderedPart{bytes: []byte(name)}, ctx.Err()
			},
		}}
	}
	inTurn(all)
	t := &tree{lazy: true}
	t.replace(&dir{ino: 1, mtime: at(time.Unix(1e9, 0)), list: fixed(all...)})
	return t, counts
}

func rendered(counts []atomic.Int32) (n int) {
	for i := range counts {
		n += int(counts[i].Load())
	}
	return n
}

func TestListingPreparesWhatIsLittleWork(t *testing.T) {
	for weight, want := range map[int64]int{0: 0, 1: 300, maxPrepared / 10: 10, maxPrepared + 1: 0} {
		c := NewCache(1 << 20)
		tr, counts := row(c, 300, weight)
		list, err := newFolder(tr).ReadDir(".")
		if err != nil || rendered(counts) != want {
			t.Fatalf("weight %d: %d rendered, %v", weight, rendered(counts), err)
		}
		c.Close() // nothing ahead
		for i, e := range list {
			if _, err := e.Info(); errors.Is(err, ErrLater) != (i >= want) {
				t.Fatalf("weight %d: the Info of file %d: %v", weight, i, err)
			}
		}
	}
}

// Who reads one file after the other finds the next ones made.
func TestFilesAreMadeAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(1 << 20)
		tr, counts := row(c, 40, 0)
		f := newFolder(tr)
		stat := func(i, want int) {
			t.Helper()
			if _, err := f.Stat(fmt.Sprintf("%03d.txt", i)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := rendered(counts); n != want {
				t.Errorf("after file %d: %d are rendered, want %d", i, n, want)
			}
		}
		stat(20, 1) // one alone says nothing
		stat(5, 2)
		stat(6, 3+aheadFiles)
		stat(7, 3+aheadFiles+1)
		c.Close()
		stat(30, 3+aheadFiles+2)
		stat(31, 3+aheadFiles+3) // closed: nothing ahead
		for i := range counts {
			if counts[i].Load() > 1 {
				t.Errorf("file %d was rendered %d times", i, counts[i].Load())
			}
		}
	})
}

// Close ends what is made ahead, and waits for it.
func TestCloseEndsWhatIsMadeAhead(t *testing.T) {
	c := NewCache(1 << 20)
	ended := false
	c.ahead.do(func(ctx context.Context) {
		<-ctx.Done()
		ended = true
	})
	c.Close()
	if !ended {
		t.Error("not waited for")
	}
}
